{# Parts that all kernels share. #}
{# `more`: a parameter of the kernel's own, its value in launch_kernel. #}
{% macro kernel_head(name, codeobj_name, kernel_lines, more='') %}
__global__ void
{{name}}_{{codeobj_name}}(
    {{more ~ ',' if more}}
    %KERNEL_PARAMETERS%
    )
{
    using namespace brian;

    ///// KERNEL_CONSTANTS /////
    %KERNEL_CONSTANTS%

    ///// kernel_lines /////
    {{kernel_lines|autoindent}}
{% endmacro %}

{% macro commit(codeobj_name, kernel_lines, scalar_code) %}
{{kernel_head('_commit', codeobj_name, kernel_lines)}}
    const size_t _vectorisation_idx = -1;
    {{scalar_code|autoindent}}
}
{% endmacro %}

{% macro launch_kernel(codeobj_name, grid, block, commits, more='') %}
    _run_kernel_{{codeobj_name}}<<<{{grid}}, {{block}}>>>(
            {{more ~ ',' if more}}
            %HOST_PARAMETERS%
        );
    CUDA_CHECK_ERROR("_run_kernel_{{codeobj_name}}");
    {% if commits %}
    _commit_{{codeobj_name}}<<<1, 1>>>(
            %HOST_PARAMETERS%
        );
    CUDA_CHECK_ERROR("_commit_{{codeobj_name}}");
    {% endif %}
{% endmacro %}

{# A block for 256 neurons of one entry: its warps are whole words of the entry's spike flags. #}
{% macro launch_neurons(codeobj_name, n_neurons, batch, commits) %}
{{launch_kernel(codeobj_name, 'dim3(%d, %d)'|format((n_neurons + 255)//256, batch), 256, commits)}}
{% endmacro %}
