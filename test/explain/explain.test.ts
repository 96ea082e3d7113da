import assert from 'node:assert/strict';
import {
  type Architecture,
  type ArchOption,
  architectures,
  findArchitecture,
  withOptions,
} from '../../src/archs/index.js';
import { layoutOf, type Placed } from '../../src/explain/drawing/layout.js';
import { textWidth, WIDTH } from '../../src/explain/drawing/measures.js';
import { picturesOf } from '../../src/explain/drawing/network.js';
import { scaleOf } from '../../src/explain/drawing/unit.js';
import { type Explained, explain } from '../../src/explain/explain.js';
import { TABLE, WITH_HEADS } from '../archs/table.js';

function explained(architecture: Architecture, more = {}): Promise<Explained> {
  const { size, channels, classes } = architecture;
  return explain(architecture, { size, channels, classes, auxiliary: false, ...more });
}

/** What says beside a frame how often its unit is there. */
const BESIDE = /<text x="([\d.]+)"[^>]*"start" font-size="(\d+)"[^>]*>([^<]* to [^<]*)</g;

/** Boxes stand in the frame, and none on another one. */
function checkDrawing(explained: Explained): void {
  const { title, stages } = explained;
  for (const { drawing } of picturesOf(explained)) {
    for (const [, x, size, words] of drawing.svg.text.matchAll(BESIDE)) {
      const right = Number(x) + textWidth(String(words), Number(size));
      assert.ok(right <= WIDTH, `${title}: "${words}" ends at ${right}`);
    }
  }
  for (const { unit } of stages.flatMap(({ units }) => units)) {
    const layout = layoutOf(unit);
    const { boxes, left, right } = layout;
    const half = Math.max(-left, right) * scaleOf(layout);
    assert.ok(half < WIDTH / 2 - 1, `${title}: ${unit.name} is too wide`);
    assert.ok(title.includes('=') || scaleOf(layout) === 1, `${title}: ${unit.name} is small`);
    boxes.forEach((box, place) => {
      for (const other of boxes.slice(place + 1)) {
        assert.ok(!overlap(box, other), `${title}: ${box.box.name} and ${other.box.name}`);
      }
    });
  }
}

function overlap(a: Placed, b: Placed): boolean {
  const isNear = (distance: number, sides: number) => Math.abs(distance) < sides / 2;
  return isNear(a.x - b.x, a.width + b.width) && isNear(a.y - b.y, a.height + b.height);
}

describe('An explanation', function () {
  this.timeout(240_000);

  it('of every network has its layers in one stage each, and costs that sum up to its own', async () => {
    assert.equal(TABLE.length, architectures.length);
    for (const [name, parameters, macs] of TABLE) {
      const whole = await explained(findArchitecture(name));
      const { explanation } = whole;
      const layers = explanation.stages.flatMap((stage) => stage.layers);
      assert.equal(new Set(layers).size, layers.length, name);
      assert.deepEqual([explanation.parameters, explanation.macs], [parameters, macs], name);
      checkPrinted(explanation.stages, name);
      checkDrawing(whole);
    }
  });

  /** Sizes that papers print are those of the layers. */
  function checkPrinted(stages: Explained['explanation']['stages'], name: string): void {
    for (const { printed, outputShape, name: stage } of stages) {
      // AlexNet's are those of the halves of its convolutions, before the pooling.
      if (printed === null || name.startsWith('alexnet') || outputShape.length < 3) continue;
      const size = printed.replace(/^.*then /, '').split(',')[0] ?? '';
      if (!/^\d+×\d+/.test(size)) continue;
      assert.ok(outputShape.join('×').startsWith(size), `${name} ${stage}: ${printed}`);
    }
  }

  // biome-ignore format: the receptive field and stride at the end of a stage
  const FIELDS: readonly (readonly [name: string, stage: string, field: number, stride: number | null])[] = [
    // Araujo, Norris, Sim, 2019, "Computing Receptive Fields of Convolutional Neural Networks", table.
    ['alexnet', 'conv5', 195, 32],
    ['vgg16', 'maxpool 5', 212, 32],
    ['resnet50', 'conv5_x', 483, 32],
    ['resnet101', 'conv5_x', 1027, 32],
    ['resnet152', 'conv5_x', 1507, 32],
    // By hand: the last map of VGG-16 before its pooling, and its fc6, whose window has 7×7 of 32 pixels.
    ['vgg16', 'conv5', 196, 16],
    ['vgg16', 'FC-4096 (fc6)', 212 + 6 * 32, null],
    // 11 pixels after pool1; a 3×3 adds twice the stride of its input. With the stride in the 3×3 the
    // first of a stage still adds that of the stage before: 24, then 8 + 3·16, 16 + 5·32, 32 + 2·64.
    ['resnet50-torchvision', 'conv5_x', 11 + 24 + 56 + 176 + 160, 32],
    ['preresnet50', 'conv5_x', 427, 32],
    // 5, 6, 14, 16, and 5×5 values of stride 4 before C5.
    ['lenet5', 'S4', 16, 4],
    ['lenet5', 'C5', 32, null],
    ['lenet5-1998', 'C5', 32, null],
    // 27 after max pool 2; a 5×5 adds four times the stride of its input, the poolings twice.
    ['googlenet', 'inception (5b)', 27 + 64 + 16 + 5 * 64 + 32 + 2 * 128, 32],
    // Two 3×3 a block: 3 + 6·2, then 2 + 5·4 and 4 + 5·8.
    ['resnet20-cifar', 'conv4_x', 3 + 12 + 22 + 44, 4],
  ];
  for (const [name, stage, field, stride] of FIELDS) {
    it(`has a receptive field of ${field} pixels in ${stage} of ${name}`, async () => {
      const { stages } = (await explained(findArchitecture(name))).explanation;
      const found = stages.find((row) => row.name === stage);
      assert.deepEqual([found?.receptiveField, found?.stride], [field, stride]);
    });
  }

  it('counts the auxiliary heads as stages of their own', async () => {
    for (const [name, parameters, macs] of WITH_HEADS) {
      const { explanation } = await explained(findArchitecture(name), { auxiliary: true });
      assert.deepEqual([explanation.parameters, explanation.macs], [parameters, macs], name);
      assert.equal(explanation.stages.at(-1)?.name, 'auxiliary 2');
    }
  });

  it('has the operations of tables 1', async () => {
    const operations = async (name: string, stage: string) => {
      const { stages } = (await explained(findArchitecture(name))).explanation;
      return stages.find((row) => row.name === stage)?.operations;
    };
    assert.equal(await operations('vgg16', 'conv3'), '3×3 conv, 256 × 3');
    assert.equal(
      await operations('resnet34', 'conv4_x'),
      '[3×3, 256 · 3×3, 256] × 6, the first /2',
    );
    assert.equal(
      await operations('preresnet50', 'conv3_x'),
      '[1×1, 128 · 3×3, 128 · 1×1, 512] × 4, the first /2',
    );
    assert.equal(
      await operations('googlenet', 'inception (3a)'),
      '1×1, 64 | 1×1, 96 · 3×3, 128 | 1×1, 16 · 5×5, 32 | 3×3 max pool · 1×1, 32',
    );
    assert.equal(await operations('densenet121', 'Dense Block (3)'), '[1×1, 128 · 3×3, 32] × 24');
    assert.equal(
      await operations('densenet121', 'Transition Layer (1)'),
      '1×1, 128 · 2×2 average pool, /2',
    );
  });

  /** A network of each table of options, small enough to build at once. */
  const CHANGEABLE = [
    'alexnet',
    'vgg11-lrn',
    'vgg16',
    'nin-cifar',
    'googlenet-bn',
    'resnet18',
  ].concat(
    ['resnet20-cifar', 'preresnet20-cifar', 'densenet121', 'densenet40-k12'],
    ['lenet5', 'lenet5-1998', 'simple-cnn'],
  );

  it('is there with every option of a network, which it names', async () => {
    for (const name of CHANGEABLE) {
      const architecture = findArchitecture(name);
      for (const [option, row] of Object.entries(architecture.options ?? {})) {
        for (const value of valuesOf(row)) {
          const text = `${option}=${value}`;
          const changed = await explained(withOptions(architecture, [text]));
          assert.ok(
            changed.explanation.differs.here.some(({ what }) => what === text),
            text,
          );
          assert.deepEqual(changed.explanation.published, []);
          checkDrawing(changed);
        }
      }
    }
  });

  function valuesOf(row: ArchOption): unknown[] {
    if ('values' in row) return row.values.filter((value) => value !== row.default);
    return row.integer ? [3] : [0.25, 4];
  }

  it('takes other sizes, channels and classes, and says so', async () => {
    const more = { size: 64, channels: 1, classes: 7 };
    const { explanation } = await explained(findArchitecture('resnet18'), more);
    assert.deepEqual(
      explanation.differs.here.slice(0, 3).map(({ what }) => what),
      ['images of 64×64', 'images of 1 channels', '7 classes'],
    );
    assert.deepEqual(explanation.stages.at(-1)?.outputShape, [7]);
    assert.deepEqual(explanation.stages[0]?.outputShape, [32, 32, 64]);
  });

  it('has what was published by each recipe', async () => {
    const { published } = (await explained(findArchitecture('resnet50-torchvision'))).explanation;
    assert.deepEqual(
      published.map(({ recipe, top1 }) => [recipe, top1]),
      [
        ['paper', 76.13],
        ['torchvision-v2', 80.858],
      ],
    );
  });

  describe('draws', () => {
    it('an inception module with its branches in the order of the paper', async () => {
      const { stages } = await explained(findArchitecture('googlenet'));
      const unit = stages.find(({ stage }) => stage.name === 'inception (4e)')?.units[0]?.unit;
      assert.ok(unit);
      const { boxes } = layoutOf(unit);
      const across = ['1x1', '3x3', '5x5', 'pool_proj'].map((part) => {
        return boxes.find(({ box }) => box.name === `inception4e.${part}`)?.x ?? 0;
      });
      assert.deepEqual(
        across,
        across.toSorted((a, b) => a - b),
      );
    });

    it('a shortcut past its block, and equal blocks once', async () => {
      const { stages } = await explained(findArchitecture('resnet20-cifar'));
      const units = stages.find(({ stage }) => stage.name === 'conv3_x')?.units ?? [];
      assert.deepEqual(
        units.map(({ times }) => times),
        [1, 2],
      );
      const [changing, same] = units.map(({ unit }) => layoutOf(unit).edges);
      const labels = [changing, same].map((edges) => {
        return edges?.filter(({ isShortcut }) => isShortcut).map(({ label }) => label);
      });
      assert.deepEqual(labels, [['/2, +16 zeros'], [undefined]]);
    });

    it('a picture of every stage', async () => {
      const { stages, ...rest } = await explained(findArchitecture('densenet-bc100-k12'));
      const labels = picturesOf({ stages, ...rest }).map(({ label }) => label);
      assert.equal(labels.length, stages.length + 1);
      for (const [place, { stage }] of stages.entries()) {
        assert.ok(labels[place + 1]?.startsWith(`${stage.name}: `));
      }
    });
  });
});
