/** Specs of tfjs-core that do not run on TensorFlow's library, by patterns, each with its reason. */
export const excludedOnTensorflow: readonly (readonly [names: RegExp, reason: string])[] = [
  [
    /^(bitwiseAnd|denseBincount|image\.transform|lowerBound|maxPoolWithArgmax|raggedGather |raggedRange |raggedTensorToTensor |searchSorted|sparseFillEmptyRows|sparseReshape|sparseSegmentMean|sparseSegmentSum|stringNGrams|stringSplit|stringToHashBucketFast|upperBound) tensorflow/,
    'tfjs-node has no kernel for it',
  ],
  [
    /^(avgPool|avgPool3d|maxPool|maxPool3d|maxPoolBackprop|pool|conv2dTranspose) tensorflow .*[ ,]p=(explicit|1|2)/,
    'kernels of tfjs-node for pooling and transposed convolution pad as "valid" and "same" only',
  ],
  [/^fused conv2d tensorflow .* in NCHW/, 'the kernel of tfjs-node takes NHWC only'],
  [
    /^avgPool3d tensorflow .* x=\[1,1,1,1,1\] f=\[1,1,3\] s=1 p=valid$/,
    'TensorFlow refuses windows that are larger than the image',
  ],
  [
    /^conv2dTranspose tensorflow .* input=8x8x8,output=4x4x8,f=8,s=1,inDepth=8,p=same vec4$/,
    'oneDNN in TensorFlow has no convolution for these sizes',
  ],
  [/^diag tensorflow .* bool$/, 'TensorFlow has no diagonal of bool'],
  [
    /^einsum tensorflow .* (duplicate axes not implemented yet|nonexistent dimension throws error)$/,
    "it computes what tfjs's other backends refuse",
  ],
  [
    /^(greater|greaterEqual|less|lessEqual) tensorflow .* should support string comparison$/,
    'TensorFlow does not order strings',
  ],
  [/^(leakyrelu .* int32|step kernel .* with int32 tensor)$/, 'TensorFlow takes floats only'],
  [
    /^multinomial tensorflow .* creates the same data given the same seed$/,
    'TensorFlow draws on after each call',
  ],
  [/^round tensorflow .* int32$/, 'the kernel of tfjs-node gives zeros'],
  [
    /^scatterND tensorflow .* (2d|1d|indices|tensorLike input)$/,
    'TensorFlow refuses the shapes that tfjs-node gives it',
  ],
  [/^sign tensorflow .* (basic|NaNs|object)$/, 'the sign of NaN is NaN in TensorFlow'],
  [
    /^tan tensorflow .* numbers exceed float32 precision$/,
    'the last bit of a tangent of large numbers differs',
  ],
  [/^unique tensorflow .* NaN and Infinity$/, 'NaN differs from NaN in TensorFlow'],
];
