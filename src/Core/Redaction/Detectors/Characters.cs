using System.Buffers;

namespace Yggdrasil.Redaction.Detectors;

/// <summary>Sets of characters that several detectors use.</summary>
internal static class Characters
{
    private const string Alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

    public static readonly SearchValues<char> Digits = SearchValues.Create("0123456789");

    public static readonly SearchValues<char> AsciiAlphanumeric = SearchValues.Create(Alphanumeric);

    public static readonly SearchValues<char> UpperAlphanumeric = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");

    public static readonly SearchValues<char> WithUnderscore = SearchValues.Create(Alphanumeric + "_");

    public static readonly SearchValues<char> WithHyphen = SearchValues.Create(Alphanumeric + "-");

    /// <summary>RFC 4648 section 5; also what most vendors make their keys of.</summary>
    public static readonly SearchValues<char> Base64Url = SearchValues.Create(Alphanumeric + "-_");

    /// <summary>RFC 4648 section 4, without the padding.</summary>
    public static readonly SearchValues<char> Base64 = SearchValues.Create(Alphanumeric + "+/");

    /// <summary>What opaque secrets are made of (RFC 6750's b64token, without the padding).</summary>
    public static readonly SearchValues<char> SecretText = SearchValues.Create(Alphanumeric + "-._~+/");

    /// <summary>Spaces and dashes that people put into numbers, typographic ones included.</summary>
    public static bool IsSpace(char character) => character is ' ' or '\u00A0' or '\u2009' or '\u202F';

    public static bool IsDash(char character) => character is '-' or '\u2010' or '\u2011' or '\u2013';
}
