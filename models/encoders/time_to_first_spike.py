"""Time-to-first-spike code (Guo et al. 2021, Front. Neurosci. 15:638474): one spike, the earlier the brighter.

Full intensity spikes in the first time step, vanishing intensity at `t_code`; channels darker than `dark` are silent.

Ranges: t_code from some time steps up to the length of a stimulus epoch (what comes later is lost), dark 0..0.2.
"""

from brian2 import ms

equations = "next_spike : integer             # time step of the spike, -1: none"
at_epoch_start = """
delay = int(floor((1 - intensity)*t_code/dt + 0.5))
next_spike = int(intensity > dark)*(t_in_timesteps + delay + 1) - 1
"""
threshold = "t_in_timesteps == next_spike"
reset = ""
spikes = "early"
parameters = {"t_code": 40 * ms, "dark": 0.05}
limits = """
0*second <= t_code <= 1000*second
0 <= dark < 1
"""
