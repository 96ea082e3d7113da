/** Prints when a training opened its data and began its first step, in milliseconds from the start. */
process.on('exit', () => {
  const at = (name) => performance.getEntriesByName(name)[0]?.startTime;
  const [open, opened, step] = ['data', 'data opened', 'first step'].map(at);
  if (step !== undefined) console.error(JSON.stringify({ open, opened, step }));
});
