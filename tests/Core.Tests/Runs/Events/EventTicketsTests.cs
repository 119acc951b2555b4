using Microsoft.Extensions.Time.Testing;
using Yggdrasil.Identity;
using Yggdrasil.Redaction;
using Yggdrasil.Runs.Events;
using Yggdrasil.Tests.Security;

namespace Yggdrasil.Tests.Runs.Events;

public sealed class EventTicketsTests
{
    private static readonly EventTicket Ticket = new(
        "run_1", new Owner("dev", "alice"), new Caller(new Owner("dev", "root"), new HashSet<string> { "admin", "operator" }));

    private readonly string _key = TestKeys.New();
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    [Fact]
    public void Ticket_says_who_may_read_what_and_no_more_of_the_caller()
    {
        var (text, expiresAt) = Tickets(_key).Issue(Ticket);

        var read = Tickets(_key).Read(text)!;

        Assert.Equal(_time.GetUtcNow().AddMinutes(5), expiresAt);
        Assert.Equal((Ticket.RunId, Ticket.Owner, Ticket.Caller.Owner), (read.RunId, read.Owner, read.Caller.Owner));
        Assert.Equal(["admin"], read.Caller.Roles);
    }

    [Fact]
    public void Expired_ticket_is_none()
    {
        var tickets = Tickets(_key);
        var (text, _) = tickets.Issue(Ticket);

        _time.Advance(EventTickets.Lifetime - TimeSpan.FromSeconds(1));
        Assert.NotNull(tickets.Read(text));
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Null(tickets.Read(text));
    }

    [Fact]
    public void Ticket_with_any_one_character_changed_is_none()
    {
        var tickets = Tickets(_key);
        var (text, _) = tickets.Issue(Ticket);

        // Of the last character some bits may mean nothing.
        for (var at = 0; at < text.Length - 1; at++)
        {
            Assert.Null(tickets.Read(text[..at] + (text[at] == 'A' ? 'B' : 'A') + text[(at + 1)..]));
        }
    }

    [Fact]
    public void Ticket_of_another_key_is_none_and_of_the_key_before_is_one()
    {
        var (text, _) = Tickets(_key).Issue(Ticket);

        Assert.Null(Tickets(TestKeys.New()).Read(text));
        Assert.NotNull(Tickets(TestKeys.New(), _key).Read(text));
    }

    [Fact]
    public void Logs_mask_it_wherever_it_stands()
    {
        var (text, _) = Tickets(_key).Issue(Ticket);

        Assert.Equal("GET http://x.example/events?ticket=[API_KEY_REDACTED] 200", SensitiveText.Mask($"GET http://x.example/events?ticket={text} 200"));
    }

    private EventTickets Tickets(string key, params string[] previous) => new(TestKeys.Ring(key, previous), _time);
}
