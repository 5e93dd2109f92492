"""Regular rate code (Guo et al. 2021, Front. Neurosci. 15:638474): evenly spaced spikes.

Their rate is proportional to the intensity.  The first spike comes after half an interval, so that a stimulus epoch of
length T holds round(rate*T) spikes.  Spike k is due (k + 1/2) intervals after the beginning of the stimulus epoch, and
comes in the first time step from then on; what is due at a time step, up to rounding, comes in it.

Ranges: rate_max 50..1000 Hz, up to one spike a time step; the spike count tells rate_max*T intensities apart.
"""

from brian2 import Hz

equations = """
interval : 1                                 # time steps between spikes
first_step : integer                         # of the stimulus epoch
spike : integer                              # spikes that this channel has had in it
next_spike : integer                         # time step of the next spike
"""
at_epoch_start = """
interval = 1/(rate_max*dt*clip(intensity, dark, 1)) + 1e9*int(intensity <= dark)
first_step = t_in_timesteps
spike = 0
next_spike = first_step + int(ceil(clip(0.5*interval*(1 - 1e-6), 0, 1e9)))
"""
threshold = "t_in_timesteps >= next_spike"
reset = """
spike += 1
next_spike = first_step + int(ceil((spike + 0.5)*interval*(1 - 1e-6)))
"""
parameters = {"rate_max": 400 * Hz, "dark": 0.05}
limits = """
0*Hz < rate_max <= 1*MHz
0 <= dark < 1
"""
