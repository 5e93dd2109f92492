{# Whether an update is due, and what follows it: _due, _then_due; returns from the function where nothing is. #}
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
{%- endmacro %}
