{# Values of one variable at this tick of the clock, into a row of their own. #}
{# USES_VARIABLES { N, t_in_timesteps } #}
{% extends 'batch_group.cu' %}

{% block kernels %}
__global__ void
_run_kernel_{{codeobj_name}}(
    %KERNEL_PARAMETERS%
    )
{
    using namespace brian;
    %KERNEL_CONSTANTS%
    {{kernel_lines|autoindent}}
    const size_t _idx = blockIdx.x*blockDim.x + threadIdx.x;
    if (_idx >= {{n_recorded}} || {{t_in_timesteps}} >= {{n_rows}})
        return;
    const size_t _vectorisation_idx = _idx;
    {{scalar_code|autoindent}}
    {
        {{vector_code|autoindent}}
        {{get_array_name(variables[recorded])}}[{{t_in_timesteps}}*{{n_recorded}} + _idx] = _to_record;
    }
}
{% endblock %}

{% block launch %}
    _run_kernel_{{codeobj_name}}<<<{{(n_recorded + 255)//256}}, 256>>>(
            %HOST_PARAMETERS%
        );
    CUDA_CHECK_ERROR("_run_kernel_{{codeobj_name}}");
{% endblock %}
