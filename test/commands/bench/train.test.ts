import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchmarkResult } from '../../../src/measure/steps.js';
import type { TraceEvent } from '../../../src/measure/trace.js';
import { cnn, temporaryDirectory } from '../program.js';

describe('cnn bench train --profile', function () {
  this.timeout(60_000);
  const directory = temporaryDirectory();
  const STEPS = 3;
  const lenet5 = ['bench', 'train', '--arch', 'lenet5', '--batch-size', '16'];
  const steps = ['--steps', String(STEPS), '--warmup', '2'];
  let result: BenchmarkResult;
  let events: readonly TraceEvent[];

  before(async () => {
    const trace = join(directory.path, 'trace.json');
    const args = [...lenet5, ...steps, '--precision', 'f32', '--trace', trace, '--json'];
    const { code, stdout, stderr } = await cnn(args);
    assert.equal(code, 0, stderr);
    result = JSON.parse(stdout);
    events = JSON.parse(readFileSync(trace, 'utf8')).traceEvents;
  });

  it('counts the operations of every layer', () => {
    const { layers = [] } = result.profile ?? {};
    const gflop = (phase: string, kernel: string, layer: string) =>
      layers.find((row) => row.phase === phase && row.kernel === kernel && row.layer === layer)
        ?.gflop;
    const conv1 = (2 * 16 * 28 * 28 * 6 * 25) / 1e9;
    const conv2 = (2 * 16 * 10 * 10 * 16 * 6 * 25) / 1e9;
    assert.equal(gflop('forward', 'FusedConv2D', 'conv1'), conv1);
    assert.equal(gflop('backward', 'Conv2DBackpropFilter', 'conv1'), conv1);
    assert.equal(gflop('forward', 'FusedConv2D', 'conv2'), conv2);
    assert.equal(gflop('backward', 'Conv2DBackpropInput', 'conv2'), conv2);
    assert.equal(gflop('backward', 'Conv2DBackpropInput', 'conv1'), undefined);
  });

  it('gives kernels, phases and layers that add up to the step', () => {
    const { profile } = result;
    assert.ok(profile);
    const { total, phases, kernels, layers, steps: counted } = profile;
    assert.equal(counted, STEPS);
    assert.deepEqual(
      phases.map(({ phase }) => phase),
      ['forward', 'loss', 'backward', 'optimizer'],
    );
    for (const rows of [phases, kernels, layers]) {
      const sum = (of: 'calls' | 'gflop' | 'gigabytes') =>
        rows.reduce((all, row) => all + row[of], 0);
      assert.equal(sum('calls'), total.calls);
      assert.ok(Math.abs(sum('gflop') / total.gflop - 1) < 1e-9);
      assert.ok(Math.abs(sum('gigabytes') / total.gigabytes - 1) < 1e-9);
      assert.ok(rows.every(({ milliseconds, calls }) => milliseconds > 0 && calls > 0));
    }
    assert.equal(profile.milliseconds_per_step, result.milliseconds_per_step);
  });

  it("measures the machine's peaks, which the kernels do not exceed", () => {
    const { peaks, total } = result.profile ?? assert.fail();
    assert.ok(peaks.multiply_add_gflops > 1 && peaks.gigabytes_per_second > 0.5);
    // No core does more than two multiply-adds of 16 numbers in each of 6e9 cycles a second.
    assert.ok(peaks.multiply_add_gflops < 2 * 2 * 16 * 6 * result.threads);
    assert.ok((1000 * total.gflop) / total.milliseconds < peaks.gflops);
    assert.ok(total.floor_milliseconds > 0);
  });

  it('writes a trace with a track of kernels, one after another, inside their layers', () => {
    const spans = events.filter(({ ph }) => ph === 'X');
    const kernels = spans.filter(({ cat }) => cat !== undefined);
    const layers = spans.filter(({ tid, cat }) => tid === 1 && cat === undefined);
    assert.equal(kernels.length, STEPS * (result.profile?.total.calls ?? 0));
    let end = 0;
    for (const { ts, dur = 0 } of kernels) {
      assert.ok(ts >= end && dur > 0);
      end = ts + dur;
    }
    const inside = (inner: TraceEvent, outer: TraceEvent) =>
      // Sums of microseconds are not exact.
      inner.ts >= outer.ts && inner.ts + (inner.dur ?? 0) <= outer.ts + (outer.dur ?? 0) + 1e-3;
    for (const kernel of kernels) {
      const names = layers.filter((layer) => inside(kernel, layer)).map(({ name }) => name);
      assert.deepEqual(names, [kernel.args['layer'] || kernel.args['direction']]);
    }
  });

  it('takes no more time for kernels than passes from the first call to the last end', () => {
    const { total } = result.profile ?? assert.fail();
    const kernels = events.filter(({ ph, cat }) => ph === 'X' && cat !== undefined);
    const steps = events.filter(({ name }) => /^step \d+$/.test(name));
    assert.equal(steps.length, STEPS);
    const lengths = steps.map(({ ts }, index) => {
      const last = kernels[(index + 1) * total.calls - 1] ?? assert.fail();
      return (last.ts + (last.dur ?? 0) - ts) / 1000;
    });
    assert.ok(total.milliseconds > 0 && total.milliseconds < Math.max(...lengths));
  });

  it('writes a track of the calls in JavaScript, each before its kernel began', () => {
    const enqueued = events.filter(({ ph }) => ph === 'i');
    const kernels = events.filter(({ ph, cat }) => ph === 'X' && cat !== undefined);
    assert.equal(enqueued.length, kernels.length);
    enqueued.forEach(({ ts, name }, index) => {
      const kernel = kernels[index];
      assert.equal(name, kernel?.name);
      assert.ok(ts <= (kernel?.ts ?? 0));
    });
  });

  it('prints tables', async () => {
    const { code, stdout, stderr } = await cnn([...lenet5, ...steps, '--profile']);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^measured peaks: \d+ GFLOP\/s of float32 multiply-adds/m);
    assert.match(stdout, /^floor: [\d.]+ ms.*the step reaches [\d.]+ % of it/m);
    assert.match(stdout, /^forward +[\d.]+ +[\d.]+ % +\d+ +\d+/m);
    assert.match(stdout, /^Conv2DBackpropFilter +backward +[\d.]+/m);
    assert.match(stdout, /^conv2 +forward +FusedConv2D .*16×14×14×6 \* 5×5×6×16 → 16×10×10×16$/m);
  });

  it('leaves the profile out where nobody asks for it', async () => {
    const { stdout } = await cnn([...lenet5, ...steps, '--json']);
    assert.equal('profile' in JSON.parse(stdout), false);
  });

  it('is refused on a backend whose kernels cannot be timed', async () => {
    const { code, stdout, stderr } = await cnn([...lenet5, '--backend', 'js', '--profile']);
    assert.equal(code, 2);
    assert.equal(stdout, '');
    assert.match(
      stderr,
      /^error: Expected --backend cpu or cuda, whose kernels can be timed, for --profile and --trace, but the backend is js$/m,
    );
  });
});
