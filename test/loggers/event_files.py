"""TensorBoard's own writer and reader.

    event_files.py write|check   the event file that tensorboard.test.ts expects, byte for byte
    event_files.py read DIRECTORY   what TensorBoard finds in a directory of event files, as JSON
"""
import json
import os
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.proto import event_pb2, summary_pb2, types_pb2
from tensorboard.plugins.hparams import plugin_data_pb2
from tensorboard.summary.writer.record_writer import RecordWriter

FILE = os.path.join(os.path.dirname(__file__), 'expected.tfevents')


def scalars(step, values):
    value = [summary_pb2.Summary.Value(tag=tag, simple_value=number) for tag, number in values]
    return {'step': step, 'summary': summary_pb2.Summary(value=value)}


def hparams(tag, data):
    value = summary_pb2.Summary.Value(tag='_hparams_/' + tag)
    value.metadata.plugin_data.plugin_name = 'hparams'
    value.metadata.plugin_data.content = data.SerializeToString()
    value.tensor.dtype = types_pb2.DT_FLOAT
    value.tensor.tensor_shape.dim.add()
    return {'summary': summary_pb2.Summary(value=[value])}


def events():
    start = plugin_data_pb2.HParamsPluginData()
    start.session_start_info.hparams['lr'].number_value = 0.05
    start.session_start_info.group_name = 'lenet5'
    start.session_start_info.start_time_secs = 1700000000.5
    end = plugin_data_pb2.HParamsPluginData()
    end.session_end_info.status = 1
    end.session_end_info.end_time_secs = 1700000000.5
    yield {'file_version': 'brain.Event:2'}
    yield {'step': 1, 'session_log': event_pb2.SessionLog(status=event_pb2.SessionLog.START)}
    yield hparams('session_start_info', start)
    yield scalars(50, [
        ('train/loss', 2.25), ('train/top1', 12.5), ('train/top5', 50.5), ('train/lr', 0.05),
        ('speed/images_per_second', 1234.5), ('speed/data_wait_percent', 0)])
    yield scalars(3000000000, [
        ('epoch/train_loss', 0.5), ('epoch/train_top1', 75.25), ('epoch/train_top5', 98),
        ('validation/loss', 0.25), ('validation/top1', 80), ('validation/top5', 99.5),
        ('epoch/seconds', 60.5)])
    yield hparams('session_end_info', end)


def expected(path):
    with open(path, 'wb') as file:
        writer = RecordWriter(file)
        for event in events():
            message = event_pb2.Event(wall_time=1700000000.5, **event)
            writer.write(message.SerializeToString())
        writer.flush()


def read(directory):
    accumulator = EventAccumulator(directory, size_guidance={'scalars': 0})
    accumulator.Reload()
    tags = accumulator.Tags()
    scalars = {tag: [[event.step, event.value] for event in accumulator.Scalars(tag)]
               for tag in tags['scalars']}
    plugin = accumulator.PluginTagToContent('hparams')
    info = plugin_data_pb2.HParamsPluginData.FromString(plugin['_hparams_/session_start_info'])
    hparams = {name: getattr(value, value.WhichOneof('kind'))
               for name, value in info.session_start_info.hparams.items()}
    print(json.dumps({'scalars': scalars, 'hparams': hparams}))


def main(command, directory=None):
    if command == 'read':
        read(directory)
    elif command == 'write':
        expected(FILE)
    else:
        expected(FILE + '.new')
        try:
            same = open(FILE, 'rb').read() == open(FILE + '.new', 'rb').read()
        finally:
            os.remove(FILE + '.new')
        if not same:
            sys.exit('TensorBoard writes other bytes')


main(*sys.argv[1:])
