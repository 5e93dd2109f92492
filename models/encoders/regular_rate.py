"""Regular rate code (Guo et al. 2021, Front. Neurosci. 15:638474): evenly spaced spikes.

Their rate is proportional to the intensity.  The first spike comes after half an interval, so that a stimulus epoch of
length T holds round(rate*T) spikes.

Ranges: rate_max 50..1000 Hz, up to one spike a time step; the spike count tells rate_max*T intensities apart.
"""

from brian2 import Hz

equations = """
interval : 1                                 # time steps between spikes
next_spike : 1                               # time step of the next spike
"""
at_epoch_start = """
interval = 1/(rate_max*dt*clip(intensity, dark, 1)) + 1e9*int(intensity <= dark)
next_spike = t_in_timesteps + 0.5*interval
"""
threshold = "t_in_timesteps >= next_spike"
reset = "next_spike += interval"
parameters = {"rate_max": 400 * Hz, "dark": 0.05}
limits = """
0*Hz < rate_max <= 1*MHz
0 <= dark < 1
"""
