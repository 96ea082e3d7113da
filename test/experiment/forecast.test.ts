import assert from 'node:assert/strict';
import { Forecast } from '../../src/experiment/running/forecast.js';

describe('the expected time of an experiment', () => {
  it('is that of probes, until runs of the cell are finished', () => {
    const forecast = new Forecast(1, () => 0);
    assert.equal(forecast.secondsLeft(['a']), undefined);
    forecast.probed('a', 10);
    forecast.probed('b', 30);
    assert.equal(forecast.secondsLeft(['a', 'b', 'b']), 70);
    forecast.finished('b', 20);
    forecast.finished('b', 22);
    assert.equal(forecast.secondsLeft(['a', 'b', 'b']), 52);
    assert.deepEqual([forecast.ofRun('b'), forecast.ofRun('c')], [21, undefined]);
  });

  it('takes what is not known for the mean of what is', () => {
    const forecast = new Forecast(1, () => 0);
    forecast.finished('a', 10);
    forecast.finished('b', 20);
    assert.equal(forecast.secondsLeft(['c']), 15);
  });

  it('believes the run that trains, and learns from one that was whole', () => {
    let now = 0;
    const forecast = new Forecast(1, () => 1000 * now);
    forecast.probed('a', 100);
    forecast.begin('a/1', 'a');
    now = 30;
    assert.equal(forecast.secondsLeft(['a']), 170);
    forecast.advance('a/1', 0.5, 20);
    assert.equal(forecast.runningShare, 0.5);
    assert.equal(forecast.secondsLeft(['a']), 120);
    now = 50;
    forecast.end('a/1', true);
    assert.equal(forecast.secondsLeft(['a']), 50);
    forecast.begin('a/2', 'a');
    now = 60;
    forecast.end('a/2', false);
    assert.equal(forecast.secondsLeft(['a']), 50);
  });

  it('of several jobs is shared, but no less than that of the longest run', () => {
    const forecast = new Forecast(2, () => 0);
    forecast.probed('a', 10);
    forecast.probed('b', 100);
    assert.equal(forecast.secondsLeft(['a', 'a']), 10);
    assert.equal(forecast.secondsLeft(['a', 'b']), 100);
  });
});
