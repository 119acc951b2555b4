using System.Globalization;
using System.Text.Json.Nodes;

namespace Yggdrasil.Infra.Tests.Bicep;

/// <summary>Evaluates the few functions of template expressions that app settings are made with.</summary>
/// <param name="referenced">A property that is known only once a resource is there, by the resource's type and the property's name.</param>
internal sealed class ArmExpression(Func<string, string, string> referenced)
{
    private static readonly JsonObject Environment = new()
    {
        ["authentication"] = new JsonObject { ["loginEndpoint"] = "https://login.microsoftonline.com/" },
    };

    private string _text = "";
    private int _at;

    /// <exception cref="FormatException">It uses what this does not know.</exception>
    public JsonNode? Evaluate(string text)
    {
        if (!text.StartsWith('[') || text.StartsWith("[[", StringComparison.Ordinal))
        {
            return text;
        }

        _text = text[1..^1];
        _at = 0;
        var value = Value();
        return _at == _text.Length ? value : throw Unknown();
    }

    private JsonNode? Value()
    {
        if (_text[_at] == '\'')
        {
            return Text();
        }

        var start = _at;
        while (_at < _text.Length && char.IsLetterOrDigit(_text[_at]))
        {
            _at++;
        }

        var name = _text[start.._at];
        if (_at == _text.Length || _text[_at] != '(')
        {
            throw Unknown();
        }

        return Properties(Call(name, Arguments()));
    }

    private string Text()
    {
        var start = ++_at;
        while (_text[_at] != '\'' || (_at + 1 < _text.Length && _text[_at + 1] == '\''))
        {
            _at += _text[_at] == '\'' ? 2 : 1;
        }

        return _text[start.._at++].Replace("''", "'", StringComparison.Ordinal);
    }

    private List<JsonNode?> Arguments()
    {
        List<JsonNode?> arguments = [];
        for (_at++; _text[_at] != ')';)
        {
            arguments.Add(Value());
            while (_text[_at] is ',' or ' ')
            {
                _at++;
            }
        }

        _at++;
        return arguments;
    }

    private JsonNode? Properties(JsonNode? value)
    {
        while (_at < _text.Length && _text[_at] == '.')
        {
            var start = ++_at;
            while (_at < _text.Length && char.IsLetterOrDigit(_text[_at]))
            {
                _at++;
            }

            var property = _text[start.._at];
            value = value?["reference"] is { } type ? referenced(type.GetValue<string>(), property) : value?[property];
        }

        return value;
    }

    private JsonNode? Call(string function, List<JsonNode?> arguments) => function switch
    {
        "format" => string.Format(CultureInfo.InvariantCulture, arguments[0]!.GetValue<string>(), [.. arguments.Skip(1).Select(one => one!.ToString())]),
        "reference" => new JsonObject { ["reference"] = TypeOf(arguments[0]!.GetValue<string>()) },
        "environment" => Environment.DeepClone(),
        _ => throw Unknown(),
    };

    /// <summary><c>/subscriptions/…/providers/Microsoft.KeyVault/vaults/name</c> → <c>Microsoft.KeyVault/vaults</c>.</summary>
    private static string TypeOf(string resourceId) => string.Join('/', resourceId.Split("/providers/")[^1].Split('/')[..2]);

    private FormatException Unknown() => new($"At {_at} of: {_text}");
}
