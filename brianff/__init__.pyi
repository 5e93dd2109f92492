# What `brianff/__init__.py` loads when it is first used, for type checkers and editors.
from brianff import datasets as datasets
from brianff import devices as devices
from brianff import exchange as exchange
from brianff import jobs as jobs
from brianff import plotting as plotting
from brianff import report as report
from brianff.equations.model import Model
from brianff.errors import BrianffError as BrianffError
from brianff.errors import BrianffWarning as BrianffWarning
from brianff.jobs.training import train as train
from brianff.learning.backpropagation import Backpropagation as Backpropagation
from brianff.learning.closed_form import ClosedForm as ClosedForm
from brianff.learning.equilibrium import Equilibrium as Equilibrium
from brianff.learning.evaluation import Evaluation as Evaluation
from brianff.learning.feedback import Feedback as Feedback
from brianff.learning.fields import triggered_average as triggered_average
from brianff.learning.forward_forward import ForwardForward as ForwardForward
from brianff.learning.method import Method as Method
from brianff.learning.perceptron import Perceptron as Perceptron
from brianff.learning.phases import Epoch as Epoch
from brianff.learning.phases import Phases as Phases
from brianff.learning.population import PopulationSearch as PopulationSearch
from brianff.learning.recordings import Recording as Recording
from brianff.learning.rectified import Rectified as Rectified
from brianff.learning.run import Run as Run
from brianff.learning.run import load as load
from brianff.network.convolution import ConvolutionSynapses as ConvolutionSynapses
from brianff.network.dense import DenseSynapses as DenseSynapses
from brianff.network.layers import Convolution as Convolution
from brianff.network.layers import Dense as Dense
from brianff.network.layers import Layer as Layer
from brianff.network.layers import Projection as Projection

def Neuron(base=None, name: str | None = None, description: str = "", **values) -> Model: ...
def Encoder(base=None, name: str | None = None, description: str = "", **values) -> Model: ...
def Goodness(base=None, name: str | None = None, description: str = "", **values) -> Model: ...
def Rule(base=None, name: str | None = None, description: str = "", **values) -> Model: ...
def Optimizer(base=None, name: str | None = None, description: str = "", **values) -> Model: ...
def Eligibility(base=None, name: str | None = None, description: str = "", **values) -> Model: ...
def FeedbackPathway(base=None, name: str | None = None, description: str = "", **values) -> Model: ...
def Loss(base=None, name: str | None = None, description: str = "", **values) -> Model: ...
