"""Learning from output errors: networks whose last layer has targets, and whose hidden layers get feedback.

Order of what happens at the boundary between two stimulus epochs (see `brianff.network.feedforward`): -45 the loss
makes `delta`; -44 to -43 the feedback; -42 weight changes accumulate; -40 the optimizer and the feedback's update; -30
the reset.  A feedback without `backward` and `at_epoch_end` leaves the hidden layers as they are.
"""

from brianff.network.feedforward import FeedForwardNetwork

__all__ = ["FeedbackNetwork"]

LEARNING = "t > 0*second and phase_layer > 0"


class FeedbackNetwork(FeedForwardNetwork):
    """Brian2 objects of one architecture, whose last layer is the output, and one composition with targets.

    As `FeedForwardNetwork`; ``feedback1 ...`` are the synapses from the output to the hidden layers, and `n_spikes` and
    `score` of the output neurons are recorded at the end of every stimulus epoch (``record_output``).
    """

    def problem(self):
        if self.architecture.depth in self.architecture.recurrent:
            return "layers: the output layer, the last one, cannot project to itself: only hidden layers are recurrent."
        return super().problem()

    def _goodness(self, level):
        """There is none."""

    def _learned(self, projection):
        c, name, level = self.composition, projection.name, projection.target
        s = c.of_synapses(projection)
        synapses = self._project(projection, s)
        if s.on_step:
            # as on_post: before the spikes of this step arrive
            synapses.update(s.on_step, rows=s.rows, when="synapses", order=-2, name=f"{name}_eligibility")
        self._update(synapses, s.at_epoch_end, -42, columns=c.columns, condition=s.condition, name=f"{name}_learn")
        self._update(synapses, s.at_update, -40, condition=s.update_condition, name=f"{name}_optimize")
        L = self.architecture.depth
        if c.backward and level > projection.source > 0:  # not through recurrent synapses
            options = dict(columns="delta_post != 0", condition=LEARNING, name=f"{name}_backward")
            self._update(synapses, c.backward, -43 - level / (L + 1), **options)  # the last layer first
        if c.feedback and level == L > projection.source:
            for feedback in self.architecture.feedback:
                self._feedback(feedback)

    def _feedback(self, projection):
        """Synapses from the output to a hidden layer."""
        s, name = self.composition.feedback, projection.name
        synapses = self._project(projection, s)
        self._update(synapses, s.at_epoch_end, -43, condition=s.condition, name=f"{name}_learn")
        self._update(synapses, s.at_update, -40, condition=s.update_condition, name=f"{name}_update")

    def _monitors(self, level, record):
        neurons = self.groups[f"neurons{level}"]
        if level == self.architecture.depth:
            self._record("record_output", neurons, ["n_spikes", "score"])
        of_spikes = [name for name in self.composition.spike_variables if name in neurons.variables]
        self._record_activity(level, record, of_spikes)  # for backpropagation
