"""What is measured of clips, and of folders of clips."""
