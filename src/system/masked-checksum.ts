import crc32c from 'crc-32/crc32c.js';

/**
 * The checksum of a TFRecord: a CRC-32C, turned and shifted, as that of bytes that hold their own would
 * be a constant.
 */
export function maskedChecksum(bytes: Uint8Array): number {
  const checksum = crc32c.buf(bytes) >>> 0;
  return (((checksum >>> 15) | (checksum << 17)) + 0xa282ead8) >>> 0;
}
