"""Spike times as they are: event-based input, of sensors or generated, any number of spikes a channel.

`event_first`, `event_step` and `event_count` list the events of all channels of all samples of a run: the time steps in
which a channel spikes, and how often it does in each.  Several spikes of a channel in one step are one spike with
their `multiplicity`; what a spike does, it does as often.  Label neurons spike when the stimulus epoch begins, and
again after every `label_interval`.

Ranges: label_interval 5..1000 ms; longer than a stimulus epoch, labels spike once.

Address-event representation: Lichtsteiner et al. (2008, IEEE J. Solid-State Circuits 43:566).
"""

from brian2 import second

equations = """
first_step : integer                         # of the stimulus epoch
event : integer                              # place of the next one in the lists
last_event : integer                         # where those of this channel end
next_spike : integer                         # time step of the next spike
multiplicity : integer                       # spikes of the data that the next spike stands for
"""
at_epoch_start = """
first_step = t_in_timesteps
is_given = int(channel < n_pixels)*int(shown_image >= 0)
own = clip(channel, 0, n_pixels - 1)
event = is_given*int(event_first(shown_image*second, own))
last_event = is_given*int(event_first(shown_image*second, own + 1))
labelled = int(channel >= n_pixels)*int(intensity > 0)
spikes = int(event < last_event)
step = int(event_step(event*second))
next_spike = first_step + spikes*step + 1000000000*(1 - spikes)*(1 - labelled)
multiplicity = spikes*int(event_count(event*second)) + 1 - spikes
"""
threshold = "t_in_timesteps >= next_spike"
reset = """
event += 1
spikes = int(event < last_event)
step = int(event_step(event*second))
labelled = int(channel >= n_pixels)
interval = int(clip(label_interval/dt, 1, 100000000))
after_label = t_in_timesteps + labelled*interval + 1000000000*(1 - labelled)
next_spike = spikes*(first_step + step) + (1 - spikes)*after_label
multiplicity = spikes*int(event_count(event*second)) + 1 - spikes
"""
parameters = {"label_interval": 1 * second}
limits = "1*us <= label_interval <= 1000*second"
