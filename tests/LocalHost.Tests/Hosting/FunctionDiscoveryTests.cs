using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Yggdrasil.LocalHost.Hosting;

namespace Yggdrasil.LocalHost.Tests.Hosting;

public sealed class FunctionDiscoveryTests
{
    [Theory]
    [InlineData(typeof(NoTrigger), "no trigger")]
    [InlineData(typeof(TwoTriggers), "more than one trigger")]
    [InlineData(typeof(TwoAlike), "The function name Twice is used by")]
    [InlineData(typeof(SameRoute), "The route GET A/{ID} is served by")]
    [InlineData(typeof(BadRoute), "The route a/{ is not valid")]
    [InlineData(typeof(UnknownParameter), "Parameter clock (TimeProvider) is neither")]
    [InlineData(typeof(BadRouteParameter), "Route parameter id cannot be a Uri")]
    [InlineData(typeof(BadTimerParameter), "timerTrigger cannot give parameter timer a String")]
    [InlineData(typeof(ReturnsText), "return an IResult or IActionResult")]
    [InlineData(typeof(ReturnsValueTask), "does not await a ValueTask")]
    [InlineData(typeof(NotPublic), "public, non-generic method")]
    [InlineData(typeof(AbstractClass), "An abstract class cannot be created")]
    [InlineData(typeof(NeverReached), "Zone")]
    public void Function_that_cannot_run_is_refused_with_the_reason(Type functions, string reason)
    {
        var refused = Assert.Throws<LocalHostException>(() => FunctionDiscovery.Discover([functions]));

        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
        Assert.Contains(functions.Name, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void All_refusals_are_told_at_once()
    {
        var refused = Assert.Throws<LocalHostException>(
            () => FunctionDiscovery.Discover([typeof(NoTrigger), typeof(ReturnsText)]));

        Assert.Contains(nameof(NoTrigger), refused.Message, StringComparison.Ordinal);
        Assert.Contains(nameof(ReturnsText), refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Route_for_everything_hides_no_function_of_another_verb() =>
        Assert.Equal(2, FunctionDiscovery.Discover([typeof(ReachedByItsVerb)]).Count);

    [Fact]
    public void Functions_are_described_as_host_metadata_describes_them()
    {
        var functions = FunctionDiscovery.Discover([typeof(Valid)]);

        Assert.Equal(["ByQueue", "ByTime", "Named"], functions.Select(function => function.Name));
        Assert.Equal(new HttpTrigger("Named", ["GET", "POST"]), functions[2].Trigger, HttpTriggerComparer);
        Assert.Equal(new QueueTrigger("work", "AzureWebJobsStorage"), functions[0].Trigger);
        Assert.Equal(new TimerTrigger("0 * * * * *", RunOnStartup: true, UseMonitor: true), functions[1].Trigger);
        var binding = Assert.Single(functions[2].InputBindings).Value;
        Assert.Equal(("request", "httpTrigger", BindingDirection.In), (binding.Name, binding.Type, binding.Direction));
        Assert.EndsWith("+Valid.Named", functions[2].EntryPoint, StringComparison.Ordinal);
    }

    private static bool HttpTriggerComparer(Trigger one, Trigger other) =>
        one is HttpTrigger left && other is HttpTrigger right &&
        left.Route == right.Route && left.Methods.SequenceEqual(right.Methods);

    public sealed class Valid
    {
        [Function("Named")]
        public static IResult Named([HttpTrigger(AuthorizationLevel.Anonymous, "get", "post")] HttpRequest request) =>
            Results.Text(request.Path);

        [Function("ByQueue")]
        public static void ByQueue([QueueTrigger("work")] string message) => Assert.NotNull(message);

        [Function("ByTime")]
        public static void ByTime([TimerTrigger("0 * * * * *", RunOnStartup = true)] TimerInfo timer) => Assert.NotNull(timer);
    }

    public sealed class NeverReached
    {
        [Function("Unknown")]
        public static IResult Unknown([HttpTrigger(AuthorizationLevel.Anonymous, "get", "post", Route = "{*path}")] HttpRequest request) =>
            Results.NotFound(request.Path);

        [Function("Zone")]
        public static IResult Zone([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "zone")] HttpRequest request) =>
            Results.Text(request.Path);
    }

    public sealed class ReachedByItsVerb
    {
        [Function("Unknown")]
        public static IResult Unknown([HttpTrigger(AuthorizationLevel.Anonymous, "options", Route = "{*path}")] HttpRequest request) =>
            Results.NotFound(request.Path);

        [Function("Zone")]
        public static IResult Zone([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "zone")] HttpRequest request) =>
            Results.Text(request.Path);
    }

    public static class NoTrigger
    {
        [Function("NoTrigger")]
        public static void Run()
        {
        }
    }

    public static class TwoTriggers
    {
        [Function("TwoTriggers")]
        public static void Run([QueueTrigger("a")] string one, [QueueTrigger("b")] string two) => Assert.NotEqual(one, two);
    }

    public static class TwoAlike
    {
        [Function("Twice")]
        public static void First([QueueTrigger("a")] string message) => Assert.NotNull(message);

        [Function("twice")]
        public static void Second([QueueTrigger("b")] string message) => Assert.NotNull(message);
    }

    public static class SameRoute
    {
        [Function("One")]
        public static void One([HttpTrigger("get", Route = "a/{id}")] HttpRequest request) => Assert.NotNull(request);

        [Function("Two")]
        public static void Two([HttpTrigger("get", "post", Route = "A/{id}")] HttpRequest request) => Assert.NotNull(request);
    }

    public static class BadRoute
    {
        [Function("BadRoute")]
        public static void Run([HttpTrigger(Route = "a/{")] HttpRequest request) => Assert.NotNull(request);
    }

    public static class UnknownParameter
    {
        [Function("UnknownParameter")]
        public static void Run([QueueTrigger("a")] string message, TimeProvider clock) => Assert.NotEqual<object>(message, clock);
    }

    public static class BadRouteParameter
    {
        [Function("BadRouteParameter")]
        public static void Run([HttpTrigger(Route = "a/{id}")] HttpRequest request, Uri id) => Assert.NotEqual<object>(request, id);
    }

    public static class BadTimerParameter
    {
        [Function("BadTimerParameter")]
        public static void Run([TimerTrigger("* * * * *")] string timer) => Assert.NotNull(timer);
    }

    public static class ReturnsText
    {
        [Function("ReturnsText")]
        public static string Run([HttpTrigger] HttpRequest request) => request.Path;
    }

    public static class ReturnsValueTask
    {
        [Function("ReturnsValueTask")]
        public static ValueTask Run([QueueTrigger("a")] string message) => new(Task.FromResult(message));
    }

    public static class NotPublic
    {
        [Function("NotPublic")]
        internal static void Run([QueueTrigger("a")] string message) => Assert.NotNull(message);
    }

    public abstract class AbstractClass
    {
        [Function("AbstractClass")]
        public void Run([QueueTrigger("a")] string message) => Assert.NotEqual<object>(this, message);
    }
}
