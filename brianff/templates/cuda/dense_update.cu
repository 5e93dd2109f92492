{# USES_VARIABLES { } #}
{# ALLOWS_SCALAR_WRITE #}
{# Code on the whole matrix, for each batch entry where it names neurons; then code that runs once for each synapse. #}
{# A thread owns a synapse or, where the code writes to the target's variables, a column. #}
{% extends 'batch_group.cu' %}
{% from 'conditions.cu' import commit_scalars, when_due %}
{% from 'dense_parts.cu' import indices, launch_lines, launch_synapses, over_entries, over_line, own_synapse %}
{% from 'kernels.cu' import kernel_head %}

{% block kernels %}
{% set scalar = scalar_code if scalar_code is mapping else {'update': scalar_code} %}
{% set vector = vector_code if vector_code is mapping else {'update': vector_code} %}
{% set same = ['_postsynaptic_idx', '_entry_idx'] if _columns else ['_idx', '_post_major_idx'] %}
{% set code = split(after_scalars(vector['update'], scalar['update']), same) %}
{% set conditions = (['_row_active'] if _has_rows else []) + ([_present ~ '[_row*%d + _col]'|format(_n_post)] if _partial else []) %}
{% set active = (vector['rows'] if _has_rows else []) + ['const bool _active = %s;'|format(conditions|join(' && '))] if conditions else [] %}
{{kernel_head('_run_kernel', codeobj_name, kernel_lines)}}
    const size_t _vectorisation_idx = -1;
    {{when_due(scalar, _has_condition, _has_then, _has_then_condition)}}
    {% if not _columns %}
    {{own_synapse(_n_pre, _n_post)}}
    {% endif %}
    if (_due)
    {
    {% if _has_rows %}
    {{scalar['rows']|autoindent}}
    {% endif %}
    {
    {{without_writes(scalar['update'])|autoindent}}
    {% if _columns %}
    {{over_line(code, active, 'columns', _n_pre, _n_post, _batch, _serial)}}
    {% else %}
    {{over_entries(code, active, _n_pre, _n_post, _batch if _per_entry else 1)}}
    {% endif %}
    }
    }
    {% if _has_then %}
    if (_then_due)
    {
        {{without_writes(scalar['then'])|autoindent}}
        const size_t _entry_idx = 0;
        {
            {{indices(_n_pre, _n_post)}}
            {% if _partial %}
            if (!{{_present}}[_idx])
                return;
            {% endif %}
            {{after_scalars(vector['then'], scalar['then'])|autoindent}}
        }
    }
    {% endif %}
}

{% if writes(scalar_code) %}
{{kernel_head('_commit', codeobj_name, kernel_lines)}}
    {{commit_scalars(scalar, _has_condition, _has_then, _has_then_condition)}}
}
{% endif %}
{% endblock %}

{% block launch %}
{% if _columns %}
{{launch_lines(codeobj_name, _n_post, 1 if _serial else _batch, writes(scalar_code))}}
{% else %}
{% set width = 32 if _n_post > 16 else 16 if _n_post > 8 else 8 if _n_post > 4 else 4 if _n_post > 1 else 1 %}
{{launch_synapses(codeobj_name, _n_pre, _n_post, width, 256//width, writes(scalar_code))}}
{% endif %}
{% endblock %}
