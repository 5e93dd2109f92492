"""Burst code (Guo et al. 2021, Front. Neurosci. 15:638474, after Park et al. 2019, DAC).

More spikes, and closer to each other, with intensity P:

    number of spikes N = ceil(n_max*P);    interval = ceil(t_max - (t_max - t_min)*P) if N > 1

The first spike comes at the start; channels darker than `dark` are silent.  The intervals are rounded up to time steps.

Ranges: n_max 2..10 spikes, t_min from one time step (2 ms in the paper), t_max up to the length of a stimulus epoch; a
burst of two spikes or more lasts up to (N - 1)*interval and is cut off where the stimulus epoch ends.
"""

from brian2 import ms

equations = """
left : integer                               # spikes still to come
interval : integer                           # time steps between spikes
next_spike : integer                         # time step of the next spike
"""
at_epoch_start = """
left = int(intensity > dark)*int(ceil(n_max*clip(intensity, 0, 1) - 1e-4))
interval = int(ceil((t_max - (t_max - t_min)*clip(intensity, 0, 1))/dt - 1e-4))
next_spike = t_in_timesteps
"""
threshold = "left > 0 and t_in_timesteps == next_spike"
reset = """
left -= 1
next_spike += interval
"""
spikes = "early"
parameters = {"n_max": 5.0, "t_min": 2 * ms, "t_max": 20 * ms, "dark": 0.05}
limits = """
1 <= n_max <= 1000
1*us <= t_min <= t_max <= 1000*second
0 <= dark < 1
"""
