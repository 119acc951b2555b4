using System.Globalization;
using Yggdrasil.Soak;

// dotnet run -c Release --project tests/Soak -- soak [seconds] [clients]
// dotnet run -c Release --project tests/Soak -- outage [seconds] [clients]
var seconds = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 300;
var clients = args.Length > 2 ? int.Parse(args[2], CultureInfo.InvariantCulture) : 50;
var duration = TimeSpan.FromSeconds(seconds);
switch (args)
{
    case ["soak", ..]:
        var soak = await SoakRun.RunAsync(duration, clients, Console.Out);
        return soak.Problems.Count == 0 ? 0 : 1;
    case ["outage", ..]:
        var outage = await OutageMeasurement.RunAsync(duration, clients, Console.Out);
        return outage.Problems.Count == 0 ? 0 : 1;
    default:
        Console.Error.WriteLine("Usage: soak [seconds] [clients] | outage [seconds] [clients]");
        return 2;
}
