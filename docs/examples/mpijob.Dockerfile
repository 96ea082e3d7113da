# The image of mpijob.yaml, with Open MPI and the sshd by which mpirun reaches its workers. From a clone:
#   docker build -f docs/examples/mpijob.Dockerfile -t REGISTRY/cnn-mpi .
# Not built here: there is no container runtime where this is tested.
FROM node:22-bookworm AS build
WORKDIR /opt/cnn
COPY . .
RUN bin/setup --mpi && npm prune --omit=dev

FROM node:22-bookworm-slim
RUN apt-get update \
  && apt-get install -y --no-install-recommends ca-certificates libdnnl2 libgomp1 libjpeg62-turbo \
    openmpi-bin openssh-client openssh-server \
  && rm -rf /var/lib/apt/lists/* /etc/ssh/ssh_host_* && mkdir -p /run/sshd
COPY --from=build /opt/cnn/package.json /opt/cnn/LICENSE /opt/cnn/
COPY --from=build /opt/cnn/bin /opt/cnn/bin
COPY --from=build /opt/cnn/build/cnn.node /opt/cnn/build/cnn_mpi.so /opt/cnn/build/
COPY --from=build /opt/cnn/dist /opt/cnn/dist
COPY --from=build /opt/cnn/node_modules /opt/cnn/node_modules
COPY --from=build /opt/cnn/src /opt/cnn/src
RUN ln -s /opt/cnn/bin/cnn.js /usr/local/bin/cnn
# The operator mounts keys of the job alone, read-only and with the modes of a secret; workers have
# other addresses each time.
RUN printf '%s\n' 'Port 2222' 'StrictHostKeyChecking no' 'UserKnownHostsFile /dev/null' 'LogLevel ERROR' \
    > /etc/ssh/ssh_config.d/mpijob.conf \
  && printf '%s\n' 'Port 2222' 'HostKey /home/node/.ssh/id_rsa' 'PidFile /home/node/sshd.pid' 'StrictModes no' \
    > /home/node/sshd_config
USER node
WORKDIR /data
