"""Latents of clips and of the same clips mirrored."""

import pytest
import torch

from pvvae.data.clips import held_out_clips, to_pixels
from pvvae.data.latent_shards import LatentDataset
from pvvae.pretrained.vae_source import open_vae
from tests.stages.short import run_stage

pytestmark = pytest.mark.usefixtures("group")


def test_mirrored_clips_come_after_all_others_and_only_in_training(whole, shards, tmp_path):
    run = tmp_path / "latents"
    run_stage("extract_latents", shards, whole, f"run={run}", "flips=true")
    plain, both = (LatentDataset(r / "train") for r in (whole / "extract_latents", run))
    assert len(both) == 2 * len(plain)
    for i in range(len(plain)):
        assert torch.equal(both[i][0], plain[i][0])
        assert both[i][2] == both[len(plain) + i][2] == plain[i][2]
    clips = held_out_clips(shards / "train", frames=17, height=32, width=32)
    vae = open_vae(str(whole / "decoder_finetune"))
    mirrored = vae.backbone.encode(to_pixels(clips[1].frames).flip(-1)).mean[0]
    torch.testing.assert_close(both[len(plain) + 1][0].float(), mirrored, atol=2e-3, rtol=2e-3)
    held_out = [LatentDataset(r / "held_out") for r in (whole / "extract_latents", run)]
    assert len(held_out[0]) == len(held_out[1])
