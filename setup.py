"""PV-VAE: predictive video VAEs, and Latte on their latents."""

from pathlib import Path

from setuptools import find_packages, setup

setup(
    name="pvvae",
    version="0.1.0",
    description="Training system for predictive video VAEs and Latte on their latents",
    long_description=(Path(__file__).parent / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    python_requires=">=3.11",
    packages=find_packages(include=["arch*", "pvvae*", "stages*", "launchers*"]),
    package_data={
        "pvvae.box": ["models/*", "models/*/*"],
        "pvvae.report": ["*.css", "*.html", "*.js"],
        "launchers": ["slurm.sbatch"],
    },
    install_requires=[
        "torch>=2.10",  # 2.9 runs 3D convolutions in bf16 many times slower, and wrongly
        "deepspeed>=0.19.6",
        "lpips>=0.1.4",
        "einops",
        "webdataset>=1.0",
        "pyyaml",
        "wandb",
        "av>=14",
        "matplotlib",
        "numpy",
        "opencv-python-headless",  # optical flow (pvvae analyze)
        "packaging",
        "pillow",
        "safetensors",
        "scipy",
        "tqdm",
    ],
    extras_require={
        "gpu": ["flash-attn", "xformers"],
        "peers": ["diffusers"],
        "onnx": ["onnx", "onnxscript"],
        "dev": [
            "import-linter",
            "mypy",
            "onnx",
            "onnxruntime",
            "onnxscript",
            "pytest",
            "pytest-timeout",
            "pytest-xdist",
            "ruff",
            "scikit-image",
            "scikit-learn",
            "torchmetrics",
            "transformers>=5",  # pipelines of diffusers do not import without it
            "types-PyYAML",
        ],
    },
    entry_points={"console_scripts": ["pvvae = launchers.cli:main"]},
)
