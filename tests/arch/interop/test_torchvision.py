import sys

import torch

from arch.interop.torchvision import import_torchvision


def test_torchvision_imports_whatever_torch_it_was_built_for():
    import_torchvision()
    import_torchvision()
    assert "torchvision.models" in sys.modules
    assert torch.ops.torchvision.nms
