{# Whether an update is due, and what follows it: _due, _then_due; returns from the kernel where nothing is. #}
{% macro when_due(scalar, has_condition, has_then, has_then_condition) %}
    bool _due = true;
    {% if has_condition %}
    {
        {{scalar['condition']|autoindent}}
        _due = _update_now;
    }
    {% endif %}
    {% if has_then %}
    bool _then_due = _due;
    {% if has_then_condition %}
    {
        {{scalar['then_condition']|autoindent}}
        _then_due = _then_now;
    }
    {% endif %}
    if (!_due && !_then_due)
        return;
    {% else %}
    if (!_due)
        return;
    {% endif %}
{% endmacro %}

{# What one thread does when the kernel has ended: shared variables are written where an update was due. #}
{% macro commit_scalars(scalar, has_condition, has_then, has_then_condition) %}
    const size_t _vectorisation_idx = -1;
    {{when_due(scalar, has_condition, has_then, has_then_condition)}}
    if (_due)
    {
        {{scalar['update']|autoindent}}
    }
    {% if has_then %}
    if (_then_due)
    {
        {{scalar['then']|autoindent}}
    }
    {% endif %}
{% endmacro %}
