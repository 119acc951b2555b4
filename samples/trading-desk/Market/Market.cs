using System.Collections.Concurrent;

namespace Yggdrasil.Samples;

/// <summary>A market that was made up: three shares that have a price, and a book of orders that fills every one of them.</summary>
public static class Market
{
    private static readonly Dictionary<string, Quote> Quotes = new(StringComparer.OrdinalIgnoreCase)
    {
        ["ACME"] = new Quote("ACME", Price: 104.20m, DayRangePercent: 1.8m),
        ["GLOBEX"] = new Quote("GLOBEX", Price: 37.55m, DayRangePercent: 6.1m),
        ["INITECH"] = new Quote("INITECH", Price: 12.01m, DayRangePercent: 3.4m),
    };

    public static WebApplication Build(string[] args)
    {
        var builder = WebApplication.CreateBuilder(args);
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.Services.AddSingleton<OrderBook>();
        var app = builder.Build();
        app.MapGet("/quotes/{symbol}", (string symbol) =>
            Quotes.TryGetValue(symbol, out var quote) ? Results.Ok(quote) : Results.NotFound());
        app.MapGet("/orders", (OrderBook book) => book.Orders);
        app.MapPost("/orders", async (HttpRequest request, OrderBook book) =>
        {
            using var reader = new StreamReader(request.Body);
            var text = await reader.ReadToEndAsync(request.HttpContext.RequestAborted);

            // Whoever sends an order twice means one: the tool says which by this header.
            var key = request.Headers["Idempotency-Key"].FirstOrDefault() ?? Guid.NewGuid().ToString();
            return text.Length is 0 or > 200 ? Results.BadRequest("An order is 1 to 200 characters.") : Results.Ok(book.Place(key, text));
        });
        return app;
    }
}

/// <param name="Price">US dollars.</param>
/// <param name="DayRangePercent">How far apart the day's highest and lowest price are, of the price.</param>
public sealed record Quote(string Symbol, decimal Price, decimal DayRangePercent);

/// <param name="Number">From 1.</param>
public sealed record Order(int Number, string Text, string State);

/// <summary>Orders in the sequence in which they came, each once.</summary>
public sealed class OrderBook
{
    private readonly ConcurrentDictionary<string, Lazy<Order>> _orders = new(StringComparer.Ordinal);
    private int _last;

    public IEnumerable<Order> Orders => _orders.Values.Select(order => order.Value).OrderBy(order => order.Number);

    /// <param name="key">The same for every attempt at one order.</param>
    public Order Place(string key, string text) =>
        _orders.GetOrAdd(key, _ => new Lazy<Order>(() => new Order(Interlocked.Increment(ref _last), text, "filled"))).Value;
}
