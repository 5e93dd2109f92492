"""Poisson rate code (Guo et al. 2021, Front. Neurosci. 15:638474).

Independent exponential intervals, their rate proportional to the intensity: one random number a spike instead of one a
time step.  The number comes from a counter-based generator (`brianff.noise`), so that spikes depend on seed,
presentation, channel and spike, and on nothing else.

Ranges: rate_max 100..800 Hz; a channel has rate_max*T_epoch spikes at most, with the square root of that as noise: with
5 (100 Hz for 50 ms) much of an image is lost, with 20 little.
"""

from brian2 import Hz

equations = """
mean_interval : 1                            # time steps
first_step : integer                         # of the stimulus epoch
due : 1                                      # when the next spike is due, time steps from there
next_spike : integer                         # the time step in which it comes
draw : integer                               # random numbers used up in this stimulus epoch
"""
at_epoch_start = """
mean_interval = 1/(rate_max*dt*clip(intensity, dark, 1)) + 1e9*int(intensity <= dark)  # 1e9: none
first_step = t_in_timesteps
due = clip(exponential(mean_interval, seed, presentation, 0, channel), 0, 1e9)
next_spike = first_step + int(ceil(due))
draw = 1
"""
threshold = "t_in_timesteps >= next_spike"
reset = """
due += exponential(mean_interval, seed, presentation, draw, channel)
next_spike = first_step + int(ceil(due))
draw += 1
"""
parameters = {"rate_max": 400 * Hz, "dark": 0.05}
limits = """
0*Hz < rate_max <= 1*MHz
0 <= dark < 1
"""
