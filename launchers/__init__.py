"""The console command, and how a stage reaches its machines."""
