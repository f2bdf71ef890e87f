"""What is measured: reconstruction (PSNR, SSIM, LPIPS), generation (FVD, KVD, IS), latents."""
