{# Code on the columns of the matrix whose target neuron meets a condition, for each batch entry that it names. #}
{# A thread owns a synapse or, where the code writes to the source's variables, a row. #}
{# USES_VARIABLES { } #}
{# ALLOWS_SCALAR_WRITE #}
{% extends 'batch_group.cu' %}
{% from 'dense_parts.cu' import launch_lines, launch_synapses, over_entries, over_line, own_synapse %}
{% from 'kernels.cu' import kernel_head %}

{% macro _condition(scalar) %}
    {% if _has_condition %}
    {
        {{scalar['condition']|autoindent}}
        if (!_update_now)
            return;
    }
    {% endif %}
{% endmacro %}

{% block kernels %}
{% set same = ['_presynaptic_idx', '_entry_idx'] if _by_rows else ['_idx', '_post_major_idx'] %}
{% set code = split(after_scalars(vector_code['update'], scalar_code['update']), same) %}
{% set there = ' && %s[_row*%d + _col]'|format(_present, _n_post) if _partial else '' %}
{% set active = vector_code['columns'] + ['const bool _active = _column_active%s;'|format(there)] %}
{{kernel_head('_run_kernel', codeobj_name, kernel_lines)}}
    const size_t _vectorisation_idx = -1;
    {{_condition(scalar_code)}}
    {{scalar_code['columns']|autoindent}}
    {
    {{without_writes(scalar_code['update'])|autoindent}}
    {% if _by_rows %}
    {{over_line(code, active, 'rows', _n_pre, _n_post, _batch, _serial)}}
    {% else %}
    {{own_synapse(_n_pre, _n_post)}}
    {{over_entries(code, active, _n_pre, _n_post, _batch)}}
    {% endif %}
    }
}

{% if writes(scalar_code) %}
{{kernel_head('_commit', codeobj_name, kernel_lines)}}
    const size_t _vectorisation_idx = -1;
    {{_condition(scalar_code)}}
    {{scalar_code['update']|autoindent}}
}
{% endif %}
{% endblock %}

{% block launch %}
{% if _by_rows %}
{{launch_lines(codeobj_name, _n_pre, 1 if _serial else _batch, writes(scalar_code))}}
{% else %}
{# neighbouring threads on neighbouring rows: as post-major variables, which this is for, lie in memory #}
{{launch_synapses(codeobj_name, _n_pre, _n_post, 1, 128, writes(scalar_code))}}
{% endif %}
{% endblock %}
