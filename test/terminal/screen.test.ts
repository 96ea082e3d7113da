import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeImages } from '../commands/images.js';
import { temporaryDirectory } from '../commands/program.js';
import { Terminal, type TerminalOptions } from './terminal.js';

/** 180 images in batches of 2: 90 steps in an epoch. */
const TRAIN = [
  ...['train', '--arch', 'lenet5', '--data', 'data', '--input-size', '12', '--batch-size', '2'],
  ...['--backend', 'js', '--workers', '1', '--epochs', '500'],
];
const BAR = /[█░]/;
/** The bar of the work, with speed and wait. */
const WORK = /^epoch 1\/500 [█░]{5,} \d+\/90 [\d.]+ img\/s data \d+%/;
const RUN = /^run \d+%, \d+(s|m|h|d)\S* left, ends (\w+ )*\d\d:\d\d$/;

describe('a terminal', function () {
  this.timeout(300_000);
  const directory = temporaryDirectory();
  const opened: Terminal[] = [];

  async function start(
    args: readonly string[],
    options: Partial<TerminalOptions> = {},
  ): Promise<Terminal> {
    const terminal = await Terminal.cnn(args, { columns: 80, cwd: directory.path, ...options });
    opened.push(terminal);
    return terminal;
  }

  async function shell(script: string, options: Partial<TerminalOptions> = {}): Promise<Terminal> {
    const terminal = await Terminal.shell(script, {
      ...{ columns: 80, cwd: directory.path },
      ...options,
    });
    opened.push(terminal);
    return terminal;
  }

  const named = (name: string) => [...TRAIN, '--experiment', name];

  before(() => writeImages(join(directory.path, 'data'), { classes: 3, train: 60, val: 10 }));
  afterEach(() => {
    for (const terminal of opened.splice(0)) terminal.kill();
  });

  for (const columns of [80, 100]) {
    describe(`of ${columns} columns`, () => {
      it('shows speed, wait, what is left and when it ends, and the hint after Ctrl-C', async () => {
        const terminal = await start(named(`columns-${columns}`), { columns });
        await terminal.until(/^time {5}about /);
        await terminal.until(/loss \d+\.\d+ top1 \d/);
        const watched = await terminal.until(RUN);
        const [work = '', run = ''] = watched.slice(-2);
        assert.match(work, WORK);
        assert.match(run, RUN);
        assert.equal(watched.filter((line) => BAR.test(line)).length, 1, watched.join('\n'));
        terminal.type('\u0003');
        assert.equal((await terminal.ended).code, 130);
        const lines = await terminal.lines();
        assert.deepEqual(
          lines.filter((line) => BAR.test(line)),
          [],
        );
        const [warning, stopped, hint] = lines.slice(-3);
        assert.match(warning ?? '', /^warning: SIGINT: saving after this step; once more ends at/);
        assert.match(
          stopped ?? '',
          /^error: Stopped by SIGINT in epoch \d+ after \d+ of its steps/,
        );
        assert.equal(hint, `Resume with: cnn train --resume runs/columns-${columns}`);
        // The hint is whole: it resumes the run.
        const [, ...words] = (hint ?? '').slice('Resume with: '.length).split(' ');
        const resumed = await start([...words, '--dry-run'], { columns });
        assert.equal((await resumed.ended).code, 0, await resumed.text());
      });

      it('begins with the network, the data and the time that it takes', async () => {
        const terminal = await start(named(`opening-${columns}`), { columns });
        await terminal.until(/^time/);
        await terminal.until(RUN);
        const lines = await terminal.lines();
        const opening = lines.slice(
          0,
          lines.findIndex((line) => BAR.test(line)),
        );
        const text = opening.join('\n');
        assert.match(text, /^backend js in f32: it was asked for; plain JavaScript$/m);
        assert.match(
          text.replaceAll('\n', ' '),
          /network {2}lenet5: 15,031 parameters, 0\.000\d+ GMACs, at least \d+ MB a step of 2 in f32 data/,
        );
        assert.match(text, /^data {5}data: 180 \+ 30 images, 3 classes, seen at 12×12×1$/m);
        assert.match(
          text,
          /^time {5}about \S+( the first epoch, \S+ each later one| an epoch), \S+ in all,\s+ends (\w+ )*\d\d:\d\d;\s/m,
        );
        assert.match(text.replaceAll('\n', ' '), /images\/s, .*(computing|decoding) limits/);
      });
    });
  }

  it('of another size than before is drawn anew, and loses nothing', async () => {
    const terminal = await start(named('resized'), { columns: 100 });
    await terminal.until(RUN);
    await terminal.until(/^time/);
    const notes = async () =>
      (await terminal.text())
        .split('\n')
        .filter((line) => line.trim() !== '' && !BAR.test(line) && !RUN.test(line));
    const before = await notes();
    for (const columns of [80, 61, 41, 100]) {
      terminal.resize(columns);
      const { output } = terminal;
      // Two frames of the bars later.
      for (const end = Date.now() + 60_000; Date.now() < end; ) {
        if (terminal.output.slice(output.length).split('run ').length > 3) break;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      let lines = await terminal.lines();
      const barsOf = () => lines.filter((line) => BAR.test(line) || RUN.test(line));
      const wanted = columns >= 61 ? /img\/s data \d+%/ : BAR;
      // Between an epoch and its evaluation there are none for a moment, and then no figures.
      for (const end = Date.now() + 60_000; Date.now() < end && !wanted.test(barsOf()[0] ?? ''); ) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        lines = await terminal.lines();
      }
      const bars = barsOf();
      assert.equal(bars.length, 2, `${columns}:\n${lines.join('\n')}`);
      for (const bar of bars) assert.ok(bar.length < columns, bar);
      assert.deepEqual(
        bars.map((bar) => RUN.test(bar)),
        [false, true],
      );
      assert.deepEqual(lines.slice(-2), bars);
      assert.match(bars[0] ?? '', wanted);
    }
    // A fast machine ends epochs in the meantime, whose lines come after these.
    assert.deepEqual((await notes()).slice(0, before.length), before);
  });

  it('ends at once on a second Ctrl-C, without bars on the line of the prompt', async () => {
    const terminal = await shell(
      // Without the trap the shell would end by the signal too.
      `trap : INT; "$NODE" "$PROGRAM" ${named('twice').join(' ')}; printf 'prompt> '; sleep 60`,
    );
    await terminal.until(RUN);
    // Two at once would be one signal.
    terminal.type('\u0003');
    await terminal.until(/once more ends at once|prompt>/);
    terminal.type('\u0003');
    const lines = await terminal.until(/prompt>/);
    assert.deepEqual(
      lines.filter((line) => BAR.test(line)),
      [],
    );
  });

  it('keeps no bars where an evaluation is stopped', async () => {
    const run = [...named('evaluated'), '--max-steps', '1'];
    assert.equal((await (await start(run)).ended).code, 0);
    const terminal = await start([
      ...['eval', '--checkpoint', 'runs/evaluated', '--data', 'data', '--batch-size', '1'],
    ]);
    await terminal.until(/^evaluation [█░]+ \d+\/30/);
    terminal.type('\u0003');
    const { signal } = await terminal.ended;
    assert.equal(signal, 2);
    assert.doesNotMatch(await terminal.text(), BAR);
  });

  it('counts the steps of --max-steps, and says at the end what was done and what is next', async () => {
    const terminal = await start([...named('limited'), '--max-steps', '40']);
    await terminal.until(/^epoch 1\/500 [█░]+ \d+\/40 /);
    assert.equal((await terminal.ended).code, 0);
    const lines = await terminal.lines();
    assert.ok(lines.includes('run runs/limited: 40 of the 90 steps of epoch 1'), lines.join('\n'));
    const accuracy = lines.findIndex((line) => /^ \* Acc@1 \d+\.\d{3} Acc@5 100\.000$/.test(line));
    assert.deepEqual(lines.slice(accuracy + 1), [
      `next: cnn eval --checkpoint runs/limited --data ${join(directory.path, 'data')}`,
      '      cnn report runs/limited',
      '      cnn predict --checkpoint runs/limited image.png',
      '      cnn export runs/limited --output lenet5.safetensors',
      '      cnn train --resume runs/limited --max-steps 80',
    ]);
    assert.match(
      lines.join('\n'),
      /^ +epoch {2}train loss +Acc@1 +val loss +Acc@1 +Acc@5 +img\/s +data +time$/m,
    );
    assert.match(lines.join('\n'), /^ +1\/500( +[\d.]+){6} +\d+% +\d+s \*$/m);
  });

  describe('with --dry-run', () => {
    it('says how large a run is and how long it takes, and leaves nothing', async () => {
      const before = await readdir(directory.path);
      const terminal = await start([...TRAIN, '--dry-run', '--output', 'elsewhere']);
      assert.equal((await terminal.ended).code, 0);
      const text = await terminal.text();
      assert.match(text, /^network {2}lenet5: /m);
      assert.match(text, /^data {5}data: 180 \+ 30 images, 3 classes/m);
      assert.match(text, /^time {5}about .* in all,/m);
      assert.doesNotMatch(text, BAR);
      assert.deepEqual(await readdir(directory.path), before);
      assert.ok(!existsSync(join(directory.path, 'elsewhere')));
    });

    it('is stopped by Ctrl-C', async () => {
      const slow = ['--batch-size', '90', '--input-size', '32'];
      const terminal = await start([...TRAIN, ...slow, '--dry-run']);
      await terminal.until(/^epoch/);
      terminal.type('\u0003');
      assert.equal((await terminal.ended).code, 130);
      assert.match(await terminal.text(), /^error: Stopped by SIGINT$/m);
    });
  });

  it('shows a bar for each probability of a prediction', async () => {
    const run = [...named('predicted'), '--max-steps', '1'];
    assert.equal((await (await start(run)).ended).code, 0);
    const image = 'data/val/class0/0.png';
    const terminal = await start(['predict', '--checkpoint', 'runs/predicted', image]);
    assert.equal((await terminal.ended).code, 0);
    const lines = await terminal.lines();
    const shown = lines.slice(lines.indexOf(image) + 1);
    assert.equal(shown.length, 3);
    for (const line of shown) {
      const [, percent = '', bar = ''] = /^ +([\d.]+) % {2}([█░]{20}) {2}class\d$/.exec(line) ?? [];
      assert.equal(bar.match(/█/g)?.length ?? 0, Math.round(Number(percent) / 5), line);
    }
  });

  it('gets one warning where no native backend works', async () => {
    const args = ['train', '--arch', 'lenet5', '--data', 'data', '--batch-size', '2'];
    const limited = ['--max-steps', '1', '--workers', '1', '--experiment', 'last-resort'];
    const terminal = await start([...args, ...limited], {
      env: { CNN_ADDON: '/nowhere/cnn.node', CNN_TENSORFLOW: '/nowhere' },
    });
    assert.equal((await terminal.ended).code, 0);
    const text = await terminal.text();
    assert.equal(text.match(/warning:/g)?.length, 1, text);
    assert.match(
      text.replaceAll('\n', ' '),
      /warning: No native backend works here: plain JavaScript computes, a hundred or more times slower\. Run \S*bin\/setup to build the backend cpu; "cnn doctor" says what is missing/,
    );
    assert.doesNotMatch(text, /nowhere|node_modules/);
  });

  describe('that is not to be drawn on', () => {
    for (const [name, env] of [
      ['CI=1', { CI: '1' }],
      ['TERM=dumb', { TERM: 'dumb' }],
    ] as const) {
      it(`gets plain lines without colours: ${name}`, async () => {
        const run = [...named(name.toLowerCase()), '--max-steps', '20', '--print-freq', '10'];
        const terminal = await start(run, { env });
        assert.equal((await terminal.ended).code, 0);
        assert.ok(!terminal.output.includes('\u001b'), JSON.stringify(terminal.output));
        assert.match(terminal.output, /^epoch 1\/500 step 1\/20 loss \d/m);
        assert.match(terminal.output, /^epoch 1\/500 step 20\/20 loss \d/m);
        assert.match(terminal.output, /^epoch 1\/500 \(20 of 90 steps\): train loss \d/m);
      });
    }

    it('gets colours unless NO_COLOR is set, and bars all the same', async () => {
      // Red and yellow.
      const colour = /\[3[13]m/;
      const mistake = ['train', '--arch', 'lenet6', '--data', 'data'];
      const red = await start(mistake);
      await red.ended;
      assert.match(red.output, colour);
      const none = await start(mistake, { env: { NO_COLOR: '1' } });
      await none.ended;
      assert.doesNotMatch(none.output, colour);
      const bars = await start(named('no-colour'), { env: { NO_COLOR: '1' } });
      await bars.until(RUN);
      bars.type('\u0003');
      await bars.ended;
      assert.match(await bars.text(), /^warning: SIGINT/m);
      assert.doesNotMatch(bars.output, colour);
    });
  });
});
