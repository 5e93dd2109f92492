"""Spike times as they are: event-based input, of sensors or generated, up to `events` spikes a channel.

An image holds `events` values for each channel in place of one intensity: spike times in ascending order, as fractions
of the stimulus epoch; a value of 1 or more, or below 0, ends the list (see `Architecture.events`).  Label neurons spike
once, in the first time step.  Two spikes of a channel within a time step become spikes in two steps; data sets have
seen to it that none is left for a step after the last (`brianff.datasets.events`).

Address-event representation: Lichtsteiner et al. (2008, IEEE J. Solid-State Circuits 43:566).
"""

equations = """
first_step : integer                         # of the stimulus epoch
event : integer                              # spikes that this channel has had
next_spike : integer                         # time step of the next spike
"""
at_epoch_start = """
first_step = t_in_timesteps
event = 0
is_given = int(channel < n_pixels)*int(shown_image >= 0)
fraction = images(shown_image*second, clip(channel*events, 0, n_pixels*events - 1))
spikes = is_given*int(fraction >= 0)*int(fraction < 1) + int(channel >= n_pixels)*int(intensity > 0)
next_spike = first_step + is_given*spikes*int(floor(fraction*T_epoch/dt + 1e-3)) + 1000000000*(1 - spikes)
"""
threshold = "t_in_timesteps >= next_spike"
reset = """
event += 1
fraction = images(shown_image*second, clip(channel*events + event, 0, n_pixels*events - 1))
spikes = int(channel < n_pixels)*int(event < events)*int(fraction >= 0)*int(fraction < 1)
next_spike = first_step + spikes*int(floor(fraction*T_epoch/dt + 1e-3)) + 1000000000*(1 - spikes)
"""
parameters = {}
