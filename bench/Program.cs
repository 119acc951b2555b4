using System.Globalization;
using BenchmarkDotNet.Running;
using Yggdrasil.Benchmarks;

if (args is ["batch", ..])
{
    using var soak = new BatchSoak(Argument(1, 1000), Argument(2, 0));
    await soak.RunAsync();
}
else
{
    BenchmarkSwitcher.FromAssembly(System.Reflection.Assembly.GetExecutingAssembly()).Run(args);
}

int Argument(int index, int otherwise) => args.Length > index ? int.Parse(args[index], CultureInfo.InvariantCulture) : otherwise;
