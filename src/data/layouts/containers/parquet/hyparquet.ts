/** What reads Parquet files. It is loaded with the first of them: few starts need it. */
export async function loadHyparquet() {
  const [metadata, read, column, pages, plain, schema, { compressors }] = await Promise.all([
    import('hyparquet/src/metadata.js'),
    import('hyparquet/src/read.js'),
    import('hyparquet/src/column.js'),
    import('hyparquet/src/datapage.js'),
    import('hyparquet/src/plain.js'),
    import('hyparquet/src/schema.js'),
    import('hyparquet-compressors'),
  ]);
  return { ...metadata, ...read, ...column, ...pages, ...plain, ...schema, compressors };
}

export type Hyparquet = Awaited<ReturnType<typeof loadHyparquet>>;
