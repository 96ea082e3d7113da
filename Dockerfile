# docker build -t cnn . && docker run --rm -v "$PWD:/work" cnn train --arch lenet5 --data mnist
# Two stages: the second one has no compiler. Its user owns the folder that is mounted at /work.
FROM node:22-bookworm AS build
WORKDIR /opt/cnn
COPY . .
RUN bin/setup && npm prune --omit=dev

FROM node:22-bookworm-slim
RUN apt-get update \
  && apt-get install -y --no-install-recommends ca-certificates libdnnl2 libgomp1 libjpeg62-turbo \
  && rm -rf /var/lib/apt/lists/*
COPY --from=build /opt/cnn/package.json /opt/cnn/LICENSE /opt/cnn/
COPY --from=build /opt/cnn/bin /opt/cnn/bin
COPY --from=build /opt/cnn/build/cnn.node /opt/cnn/build/cnn.node
COPY --from=build /opt/cnn/dist /opt/cnn/dist
COPY --from=build /opt/cnn/node_modules /opt/cnn/node_modules
COPY --from=build /opt/cnn/src /opt/cnn/src
RUN ln -s /opt/cnn/bin/cnn.js /usr/local/bin/cnn
# Data sets of the catalogue are kept beside the runs.
ENV CNN_CACHE=/work/.cache
WORKDIR /work
USER node
ENTRYPOINT ["cnn"]
CMD ["--help"]
