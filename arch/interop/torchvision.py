"""torchvision beside a torch that its binary was not built for."""

import importlib
import sys

import torch

_SCHEMA = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"

# Registrations of a torch library live as long as the object that made them.
_definitions: list[torch.library.Library] = []


def import_torchvision() -> None:
    """Import torchvision; if its compiled operators are missing, declare them first.

    The wheel on the package index is a CUDA build. Beside a CPU torch its library does not load,
    and ``import torchvision`` stops with "operator torchvision::nms does not exist", because it
    attaches shape functions to two operators of object detection without asking whether they are
    there. The networks LPIPS needs use no such operator, so declaring the two (without an
    implementation) is enough. Where the library loads nothing is declared: its own definitions
    count.

    Raises:
        RuntimeError: torchvision's own, if it fails for another reason.
    """
    try:
        importlib.import_module("torchvision")
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
        for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
            del sys.modules[name]  # the halves of a failed import
        definition = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
        for operator in ("nms", "qnms"):
            definition.define(operator + _SCHEMA)  # type: ignore[no-untyped-call]
        _definitions.append(definition)
        importlib.import_module("torchvision")
