"""The web console: guarded, loopback only, inside the daemon's loop and behind its business."""
