"""Prints, as JSON, what TensorBoard's own reader finds in the runs below a folder: scalars, images, hparams."""

import json
import logging
import sys

from tensorboard.backend.event_processing import plugin_event_multiplexer
from tensorboard.plugins.hparams import plugin_data_pb2
from tensorboard.util import tensor_util

logging.disable(logging.CRITICAL)
readers = plugin_event_multiplexer.EventMultiplexer(size_guidance={"tensors": 0})
readers.AddRunsFromDirectory(sys.argv[1])
readers.Reload()

found = {}
for run in sorted(readers.Runs()):
    reader = readers.GetAccumulator(run)
    scalars = {}
    images = {}
    for tag in reader.Tags()["tensors"]:
        plugin = reader.SummaryMetadata(tag).plugin_data.plugin_name
        for event in reader.Tensors(tag):
            value = tensor_util.make_ndarray(event.tensor_proto)
            if plugin == "scalars":
                scalars.setdefault(tag, []).append([event.step, float(value)])
            elif plugin == "images":
                width, height, png = value[:3]
                images.setdefault(tag, []).append([event.step, int(width), int(height), bytes(png).hex()])
    hparams = {"settings": {}, "group": None, "status": None}
    for content in reader.PluginTagToContent("hparams").values():
        data = plugin_data_pb2.HParamsPluginData.FromString(content)
        if data.HasField("session_start_info"):
            start = data.session_start_info
            hparams["group"] = start.group_name
            hparams["settings"] = {
                name: getattr(value, value.WhichOneof("kind")) for name, value in start.hparams.items()
            }
        if data.HasField("session_end_info"):
            hparams["status"] = data.session_end_info.status
    found[run] = {"scalars": scalars, "images": images, "hparams": hparams}
print(json.dumps(found))
