import assert from 'node:assert/strict';
import stringWidth from 'string-width';
import { barLine } from '../../src/terminal/bar-line.js';

/** The widest that occurs: ImageNet in the last epochs. */
const IMAGENET = {
  title: 'epoch 90/90',
  done: 9876,
  total: 10_009,
  figures: [
    '18623 img/s',
    'data 100%',
    '2h31m left',
    'loss 6.907',
    'top1 65.8',
    'top5 93.1',
    'lr 0.001',
  ],
};

describe('a line of progress', () => {
  it('shows speed, wait and what is left at 80 columns, and all figures where they fit', () => {
    assert.equal(
      barLine(IMAGENET, 79),
      'epoch 90/90 ███████████░ 9876/10009 18623 img/s data 100% 2h31m left loss 6.907',
    );
    assert.match(barLine(IMAGENET, 99), / 18623 img\/s data 100% 2h31m left loss 6.907 top1 65.8/);
    assert.ok(barLine(IMAGENET, 150).endsWith(IMAGENET.figures.join(' ')));
  });

  it('never is wider than the terminal, and leaves out from the right, the bar last', () => {
    let before = 0;
    for (let width = 1; width <= 160; width++) {
      const line = barLine(IMAGENET, width);
      assert.ok(stringWidth(line) <= width, `${width}: ${line}`);
      const shown = IMAGENET.figures.filter((figure) => line.includes(figure));
      assert.deepEqual(shown, IMAGENET.figures.slice(0, shown.length));
      assert.ok(shown.length >= before, `${width}: ${line}`);
      before = shown.length;
      if (shown.length > 0) assert.match(line, /[█░]{5}/);
    }
    assert.equal(before, IMAGENET.figures.length);
  });

  it('fills the bar only at the end', () => {
    const work = { title: 'evaluation', total: 1000, figures: [] };
    const full = (done: number) => barLine({ ...work, done }, 79).match(/█/g)?.length ?? 0;
    assert.deepEqual([0, 499, 500, 999, 1000, 1001].map(full), [0, 9, 10, 19, 20, 20]);
  });
});
