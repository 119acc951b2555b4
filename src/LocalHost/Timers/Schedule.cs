using System.Globalization;
using Cronos;
using Yggdrasil.LocalHost.Hosting;

namespace Yggdrasil.LocalHost.Timers;

/// <summary>When a timer fires: a crontab expression in UTC, of six fields (seconds first) or five, or an interval.</summary>
internal sealed class Schedule
{
    private readonly CronExpression? _expression;
    private readonly TimeSpan _interval;

    /// <exception cref="LocalHostException">The text is neither.</exception>
    public Schedule(string text)
    {
        var fields = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length == 1 && TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out _interval) &&
            _interval > TimeSpan.Zero)
        {
            return;
        }

        var format = fields.Length == 6 ? CronFormat.IncludeSeconds : CronFormat.Standard;
        if (!CronExpression.TryParse(text, format, out _expression))
        {
            throw new LocalHostException(
                $"The schedule \"{text}\" is neither a crontab expression of five or six fields nor an interval.");
        }
    }

    /// <summary>The first occurrence after <paramref name="moment"/>; null where there is none any more.</summary>
    public DateTimeOffset? After(DateTimeOffset moment) => _expression is null
        ? moment + _interval
        : _expression.GetNextOccurrence(moment, TimeZoneInfo.Utc);
}
