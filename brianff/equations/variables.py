"""Variables that brianff itself gives to the groups of a network, and sets.

Names at hand in strings, beside Brian2's own (`t`, `dt`, `t_in_timesteps`, `i`, functions, units):

- everywhere: `T_epoch`, the length of a stimulus epoch; in neurons and input: `t_in_epoch`, the time since it began;
- input: `intensity` (0..1), `channel`, `entry` (of the batch), `presentation` (its number), `seed`, `n_pixels`,
  `label_neurons` (of a class),
  ``uniform(seed, presentation, draw, channel)`` and ``exponential(mean, seed, presentation, draw, channel)``: random
  numbers that depend on their arguments only; `shown_image` and ``images(shown_image*second, k)``, value k of the
  image; of spike trains ``event_first(shown_image*second, channel)``, the place of the first event of a channel (the
  last event is before the first one of the next channel), ``event_step(place*second)``, its time step, and
  ``event_count(place*second)``, its number of spikes;
- neurons: `channel`, `entry`, `presentation`, `seed`, `uniform` and `exponential` as well; there, `channel` counts on
  from the layer below, so that every neuron of the network has random numbers of its own; `n_classes`, `class_group`
  (of the neuron: its number in the layer modulo n_classes) and `target` (the label of the presentation, shown or not);
- neurons and input: variables of the own layer as ``NAME_layer``; neurons: of the layer below as ``NAME_below``;
- layer: `phase` (+1 positive, -1 negative, 0 no learning), `n_neurons`, `learning_rate` (0: no update after this
  stimulus epoch), `samples_per_update`, `n_spikes` (since the run began);
- synapses: `w`, ``NAME_pre`` (of a neuron that projects, input channels too), ``NAME_post`` and ``NAME_layer`` (the
  postsynaptic layer); in `at_update` only shared ones of these, such as `learning_rate_layer`.  Where a layer projects
  to itself, ``_pre`` and ``_post`` are two of its neurons, and a neuron's ``_below`` is the layer below all the same;
- neurons: variables of the own channel as ``NAME_channel``, where the neuron model has any: those that all neurons of a
  channel of a convolution share, over positions and entries of the batch, such as a threshold that adapts;
- classes (of rules that have scores in every layer): `own_class`, `target`, ``NAME_layer``;
- where a table says so: `derivative`, `goodness_jump`, `memory`, `surrogate` and `credit` in strings of neurons,
  ``derivative_post`` ..., ``response_pre`` and ``response_syn_pre`` in those of synapses; ``(per_entry)`` behind a
  variable of `synapse`: a value of its own for each entry of the batch.
"""

__all__ = [
    "INPUT_VARIABLES", "LAYER_VARIABLES", "LOOK_UP", "NEURON_VARIABLES", "OUTPUT_VARIABLES", "SHOWN", "SHOWN_IMAGE",
    "SHOW_STIMULUS", "SHOW_TRAINS", "SPIKE_COUNT",
]  # fmt: skip

LAYER_VARIABLES = """
phase : 1 (shared)                           # +1 positive, -1 negative, 0 no learning
learning_rate : 1 (shared)                   # of the update after this stimulus epoch; 0: no update
samples_per_update : 1 (shared)
n_neurons : 1 (shared, constant)
"""
SPIKE_COUNT = "n_spikes : integer                           # of the layer, since the run began\n"
INPUT_VARIABLES = """
intensity : 1                                # of the pixel or label that the channel stands for
presentation : integer                       # number of the presentation, for random numbers
seed : integer (shared)
channel : integer (constant)                 # pixels first, then label neurons class by class
label_class : integer (constant)             # for which a label neuron stands; far below 0: a pixel
first_label : integer (constant)             # 1: the first label neuron of a class
entry : integer (constant)                   # of the batch
"""
# For encoders that read more of an image than one intensity.
SHOWN_IMAGE = "shown_image : integer                        # row of the image array, -1: none\n"
OUTPUT_VARIABLES = """
own_class : integer (constant)               # class that the neuron stands for
shown_class : integer                        # class of the sample
"""
# Those of the input that neurons may use, and others, with what sets them at the start of a stimulus epoch.
NEURON_VARIABLES = {
    "entry": ("entry : integer (constant)", ""),
    "channel": ("channel : integer (constant)", ""),
    "presentation": ("presentation : integer", "presentation = presentation_index(epoch_index*second, entry)"),
    "seed": ("seed : integer (linked)", ""),
    "n_classes": ("n_classes : 1 (shared, constant)", ""),
    "class_group": ("class_group : integer (constant)", ""),
    "target": ("target : integer", "target = label(epoch_index*second, entry)"),
    "t_in_epoch": (
        "first_step_of_epoch : integer\nt_in_epoch = (t_in_timesteps - first_step_of_epoch)*dt : second",
        "first_step_of_epoch = t_in_timesteps",
    ),
}
# What the input layer shows in a stimulus epoch: looked up once for each entry of the batch, and not for every channel.
SHOWN = """
shown_image : integer                        # row of the image array, -1: none
shown_label : integer                        # -1: neutral, -2: none
presentation : integer                       # number of the presentation, for random numbers
"""
LOOK_UP = """
shown_image = image_index(epoch_index*second, i)
shown_label = label(epoch_index*second, i)
presentation = presentation_index(epoch_index*second, i)
"""
# n_pixels and label_neurons belong to the architecture and are constants of the namespace.
SHOW_STIMULUS = """
shown_image = shown_image_layer
shown_label = shown_label_layer
is_pixel = int(label_class < 0)
in_class = int(label_class == shown_label)
neutral = int(shown_label == -1)*first_label
pixel = images(shown_image*second, is_pixel*channel)
intensity = int(shown_image >= 0)*(is_pixel*pixel + in_class + neutral)
presentation = presentation_layer
"""
SHOW_TRAINS = SHOW_STIMULUS.replace("images(shown_image*second, is_pixel*channel)", "0")
