{# Ends a compiled run before its compiled duration. #}
{% extends 'batch_group.cu' %}

{% block kernels %}
__device__ int _stop_{{codeobj_name}};

__global__ void
_run_kernel_{{codeobj_name}}(
    %KERNEL_PARAMETERS%
    )
{
    using namespace brian;
    %KERNEL_CONSTANTS%
    {{kernel_lines|autoindent}}
    const size_t _vectorisation_idx = -1;
    {{scalar_code|autoindent}}
    _stop_{{codeobj_name}} = _stop_now;
}
{% endblock %}

{% block launch %}
    _run_kernel_{{codeobj_name}}<<<1, 1>>>(
            %HOST_PARAMETERS%
        );
    CUDA_CHECK_ERROR("_run_kernel_{{codeobj_name}}");
    int _stop = 0;
    CUDA_SAFE_CALL(
            cudaMemcpyFromSymbol(&_stop, _stop_{{codeobj_name}}, sizeof(int))
        );
    if (_stop)
        Network::_globally_stopped = true;
{% endblock %}
