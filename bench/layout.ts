/** PyTorch's channels_last and its default. */
export type Layout = 'nhwc' | 'nchw';
