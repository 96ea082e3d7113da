import assert from 'node:assert/strict';
import { chmod, open, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeImages } from '../images.js';
import { temporaryDirectory } from '../program.js';
import { canMount, shell } from '../shell.js';

/** 18 images in batches of 6: 3 steps in an epoch. */
const TRAIN =
  'cnn train --data data --arch lenet5 --input-size 12 --batch-size 6 --epochs 1 --backend js --workers 1';
const EPOCHS = '--epochs 6 --experiment run';

describe('a run that cannot be written', function () {
  this.timeout(300_000);
  const directory = temporaryDirectory();
  const at = (...names: string[]) => join(directory.path, ...names);
  const run = (script: string) => shell(script, directory.path);

  before(async () => {
    await writeImages(at('data'));
    await writeFile(at('file'), '');
    await symlink('loop', at('loop'));
  });

  for (const [output, reason] of [
    ['/proc/x', /Cannot write the run to \/proc\/x: .*ENOENT/],
    ['file', /Cannot write the run to file: there is a file of that name/],
    ['file/runs', /Cannot write the run to file\/runs: a part of the path is a file/],
    ['a'.repeat(256), /: the name is too long/],
    ['loop/runs', /: its symbolic links lead in a circle/],
  ] as const) {
    it(`is refused before it is trained: --output ${output.slice(0, 9)}`, async () => {
      const { code, stderr } = await run(`${TRAIN} --output ${output}`);
      assert.match(stderr, reason);
      assert.match(stderr, /Choose another directory with --output/);
      assert.doesNotMatch(stderr, /step 1|fault of cnn/);
      assert.equal(code, 2);
    });
  }

  it('ends with the path, the reason, what is safe and what to do', async () => {
    const { code, stderr } = await run(`ulimit -f 20; ${TRAIN} --output runs --experiment limit`);
    assert.match(stderr, /Cannot write runs\/limit\/checkpoints\/last\/weights.bin: .*EFBIG/);
    assert.match(stderr, /Nothing of the run runs\/limit is saved\..* start it again/);
    assert.equal(code, 1);
    assert.deepEqual(await readdir(at('runs/limit/checkpoints')), []);
  });

  it('keeps its last checkpoint on a full disk, and is resumed when there is room', async function () {
    if (!(await canMount(directory.path))) this.skip();
    const { code, stdout, stderr } = await run(`mkdir full; unshare -rm bash -c '
      mount -t tmpfs -o size=330k tmpfs full
      ${TRAIN} ${EPOCHS} --output full; echo "rc $?"
      mount -o remount,size=4m full
      cnn train --resume full/run; echo "rc $?"
      cut -d, -f1 full/run/summary.csv; find full -name "*partial*"; cp -r full/run kept'`);
    assert.equal(code, 0, stderr);
    assert.match(
      stderr,
      /Cannot write full\/run\/checkpoints\/last\/\S+: the disk is full \(ENOSPC\)/,
    );
    const safe = /The checkpoint of step \d+ in full\/run\/checkpoints\/last is whole\./;
    assert.match(stderr, safe);
    assert.match(stderr, /Make room on it, then resume with: cnn train --resume full\/run\n/);
    assert.match(
      stdout,
      /^rc 1\nrun full\/run: 6 epochs, 18 steps.*\n.*\nrc 0\nepoch\n1\n2\n3\n4\n5\n6\n$/,
    );
    const whole = await run(`${TRAIN} ${EPOCHS} --output whole`);
    assert.equal(whole.code, 0, whole.stderr);
    const weights = 'run/checkpoints/last/weights.bin';
    const kept = await readFile(at('kept/checkpoints/last/weights.bin'));
    assert.ok(kept.equals(await readFile(at('whole', weights))));
  });

  it('has a second checkpoint whole where a block of the first one is damaged', async () => {
    // Of one epoch, so that both have the same weights.
    const { code, stderr } = await run(`${TRAIN} --output runs --experiment twice`);
    assert.equal(code, 0, stderr);
    for (const [damaged, whole] of [
      ['last', 'best'],
      ['best', 'last'],
    ]) {
      const checkpoints = `runs/${damaged}-damaged/checkpoints`;
      const evaluate = 'cnn eval --data data --backend js --workers 1 --checkpoint';
      await run(`cp -r --preserve=links runs/twice runs/${damaged}-damaged`);
      const weights = await open(at(checkpoints, `${damaged}/weights.bin`), 'r+');
      await weights.write('x', 1000);
      await weights.close();
      const { stdout, stderr: said } = await run(`
        ${evaluate} ${checkpoints}/${damaged} > /dev/null; echo "rc $?"
        ${evaluate} ${checkpoints}/${whole} > /dev/null; echo "rc $?"`);
      assert.equal(stdout, 'rc 3\nrc 0\n', said);
      assert.match(said, new RegExp(`${checkpoints}/${damaged}\\S* is damaged`));
    }
  });

  it('loses neither its weights nor what is packed on a full disk', async function () {
    if (!(await canMount(directory.path))) this.skip();
    const { stdout, stderr } = await run(`mkdir small; unshare -rm bash -c '
      mount -t tmpfs -o size=8k tmpfs small
      ${TRAIN} --output runs --experiment out --weights-out small/w.safetensors; echo "rc $?"
      cnn export runs/out --output w.safetensors; echo "rc $?"
      cnn data pack --data data --out small/packed; echo "rc $?"
      mount -o remount,size=1m small
      cnn data pack --data data --out small/packed; echo "rc $?"'`);
    assert.deepEqual(stdout.match(/rc \d/g), ['rc 1', 'rc 0', 'rc 1', 'rc 0'], stderr);
    const saved =
      /Cannot write small\/w\.safetensors: the disk is full \(ENOSPC\)\. The run is saved;/;
    assert.match(stderr, saved);
    assert.match(
      stderr,
      /write its weights with: cnn export runs\/out --output small\/w\.safetensors/,
    );
    assert.match(
      stderr,
      /What is packed is kept in .*packed\.partial\. Make room on it, then the same/,
    );
  });

  it('can be evaluated where nothing can be written, but not resumed', async function () {
    if (!(await canMount(directory.path))) this.skip();
    const { stdout, stderr } = await run(`mkdir ro; ${TRAIN} --output ro --experiment run
      unshare -rm bash -c '
        mount -t tmpfs tmpfs /mnt; cp -r ro/run /mnt; mount -o remount,ro /mnt
        cnn eval --checkpoint /mnt/run --backend js; echo "rc $?"
        cnn train --resume /mnt/run --epochs 2; echo "rc $?"
        ${TRAIN} --output /mnt; echo "rc $?"
        ${TRAIN} --output runs --weights-out /mnt/w.safetensors; echo "rc $?"
        cnn data preview --arch lenet5 --data data --out /mnt/p.png; echo "rc $?"
        cnn export ro/run --output /mnt/w.safetensors; echo "rc $?"'`);
    assert.deepEqual(stdout.match(/rc \d/g), ['rc 0', 'rc 2', 'rc 2', 'rc 2', 'rc 2', 'rc 2']);
    assert.match(stderr, /Cannot write the run \/mnt\/run: the file system is read-only \(EROFS\)/);
    assert.match(
      stderr,
      /Cannot write --weights-out \/mnt\/w.safetensors: the file system is read-/,
    );
    assert.equal(stderr.match(/read-only \(EROFS\)/g)?.length, 5);
    assert.doesNotMatch(stderr, /fault of cnn/);
  });

  it("says whose rights are missing for another user's run", async function () {
    if (process.geteuid?.() !== 0) this.skip();
    await chmod(directory.path, 0o755);
    const { stdout, stderr } = await run(`${TRAIN} --output theirs --experiment run
      user() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }
      program() { user env CNN_CACHE=/tmp/none "$NODE" "$PROGRAM" "$@"; echo "rc $?"; }
      program train --resume theirs/run --epochs 2
      chmod 700 theirs
      program train --resume theirs/run --epochs 2
      program eval --checkpoint theirs/run`);
    assert.deepEqual(stdout.match(/rc \d/g), ['rc 2', 'rc 3', 'rc 3']);
    assert.match(
      stderr,
      /Cannot write the run theirs\/run: permission denied \(EACCES\)\. Its checkp/,
    );
    assert.match(stderr, /Cannot read the run theirs\/run: permission denied \(EACCES\)/);
    assert.match(stderr, /Cannot read the checkpoint theirs\/run: permission denied \(EACCES\)/);
    assert.doesNotMatch(stderr, /fault of cnn/);
  });

  it('is not begun again in silence where its directory was removed', async () => {
    // All at once: what removes files one by one meets those that are written meanwhile.
    const { code, stderr } = await run(`${TRAIN} --output gone --experiment run --epochs 500 &
      until [ -e gone/run/checkpoints/best ]; do sleep 0.1; done
      mv gone removed; wait $!`);
    assert.match(stderr, /The directory of the run gone\/run was removed while it trained/);
    assert.equal(code, 1);
  });
});
