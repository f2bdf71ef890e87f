"""Imports what the commands do, so that Python keeps it compiled; for tools/setup.sh."""

import importlib
import pkgutil

import arch
import launchers
import pvvae
import stages
from arch.interop.torchvision import import_torchvision

import_torchvision()
importlib.import_module("deepspeed.launcher.runner")
importlib.import_module("deepspeed.launcher.launch")
importlib.import_module("lpips")
importlib.import_module("onnxruntime")
importlib.import_module("onnxscript")
importlib.import_module("diffusers.pipelines.wan.pipeline_wan")
importlib.import_module("diffusers.pipelines.wan.pipeline_wan_video2video")
for package in (arch, pvvae, stages, launchers):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
