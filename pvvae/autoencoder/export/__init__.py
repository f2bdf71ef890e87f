"""Networks as graphs that run without this project: torch.export programs and ONNX files."""
