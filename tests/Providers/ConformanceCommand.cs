using System.CommandLine;
using Microsoft.Extensions.Configuration;
using Yggdrasil.Conformance.Reporting;
using Yggdrasil.Models;

namespace Yggdrasil.Conformance;

/// <summary>The command line.</summary>
internal sealed class ConformanceCommand
{
    public const int Ok = 0;
    public const int CannotRun = 1;
    public const int NotAllHeld = 2;

    private readonly Option<string> _provider = new("--provider")
    {
        Description = "The provider's name, as in Providers__<name>__…: mistral, openai, ollama, or one of your own.",
        Required = true,
    };

    private readonly Option<string> _model = new("--model") { Description = "The model's name at the provider.", Required = true };

    private readonly Option<string?> _endpoint = new("--endpoint")
    {
        Description = "Where the provider's API begins, in place of Providers__<name>__Endpoint.",
    };

    private readonly Option<string[]> _only = new("--check")
    {
        Description = "A check to make; several for several. Without it, all but those that take long or cost more.",
        DefaultValueFactory = _ => [],
    };

    private readonly Option<bool> _all = new("--all") { Description = "Make every check, also those that take long or cost more." };

    private readonly Option<int> _timeout = new("--timeout")
    {
        Description = "Seconds until a check counts as failed, 1 to 3600.",
        DefaultValueFactory = _ => 300,
    };

    private readonly Option<string?> _output = new("--output") { Description = "A file that the table is written to as well." };

    private readonly InvocationConfiguration _invocation;
    private readonly IConfiguration _settings;

    private ConformanceCommand(InvocationConfiguration invocation, IConfiguration settings)
    {
        (_invocation, _settings) = (invocation, settings);
        _timeout.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 1 or > 3600)
            {
                result.AddError("--timeout must be 1 to 3600 seconds.");
            }
        });
    }

    /// <param name="settings">The app's settings; null for the environment's.</param>
    public static Task<int> InvokeAsync(
        string[] args, TextWriter? output = null, TextWriter? error = null, IConfiguration? settings = null)
    {
        var invocation = new InvocationConfiguration { Output = output ?? Console.Out, Error = error ?? Console.Error };
        settings ??= new ConfigurationBuilder().AddEnvironmentVariables().Build();
        return new ConformanceCommand(invocation, settings).Command().Parse(args).InvokeAsync(invocation);
    }

    private RootCommand Command()
    {
        var command = new RootCommand(
            $"""
            Asks a real model for everything that Yggdrasil Functions uses, and prints a table of what held.

            The provider's settings are the app's, as environment variables: Providers__mistral__ApiKey=… is the key. The calls cost a few
            thousand tokens. Exit code: {Ok} all checks held, {CannotRun} it could not run, {NotAllHeld} a check did not hold.
            """)
        {
            _provider, _model, _endpoint, _only, _all, _timeout, _output,
        };
        command.SetAction(async (result, cancellationToken) =>
        {
            try
            {
                return await RunAsync(result, cancellationToken);
            }
            catch (ConformanceException failure)
            {
                await _invocation.Error.WriteLineAsync(failure.Message);
                return CannotRun;
            }
        });
        return command;
    }

    private async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        var name = $"{arguments.GetValue(_provider)}:{arguments.GetValue(_model)}";
        if (!ModelId.TryParse(name, out var model))
        {
            throw new ConformanceException($"'{name}' is no model id. It is provider:model.");
        }

        var checks = ConformanceRun.Select(arguments.GetValue(_only)!, arguments.GetValue(_all));
        await using var subject = Subject.Open(model, Settings(model, arguments.GetValue(_endpoint)));
        var run = new ConformanceRun(subject, TimeSpan.FromSeconds(arguments.GetValue(_timeout)));
        var results = await run.RunAsync(checks, Tell, cancellationToken);
        var table = ConformanceTable.Write(name, DateOnly.FromDateTime(TimeProvider.System.GetUtcNow().Date), results);
        await _invocation.Output.WriteLineAsync();
        await _invocation.Output.WriteAsync(table);
        if (arguments.GetValue(_output) is { } file)
        {
            await File.WriteAllTextAsync(file, table, cancellationToken);
        }

        return results.All(result => result.Held) ? Ok : NotAllHeld;
    }

    private IConfiguration Settings(ModelId model, string? endpoint)
    {
        var builder = new ConfigurationBuilder().AddConfiguration(_settings);
        if (endpoint is not null)
        {
            builder.AddInMemoryCollection([KeyValuePair.Create($"Providers:{model.Provider}:Endpoint", (string?)endpoint)]);
        }

        return builder.Build();
    }

    private void Tell(CheckResult result) => _invocation.Output.WriteLine(
        $"{result.Check.Name,-26} whole {ConformanceTable.Mark(result.Whole),-8} streamed {ConformanceTable.Mark(result.Streamed)}");
}
