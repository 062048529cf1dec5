"""What a training run costs: FLOPs, shapes, devices, memory, time, money, energy, carbon."""
