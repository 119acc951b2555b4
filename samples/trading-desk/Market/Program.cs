using Yggdrasil.Samples;

await Market.Build(args).RunAsync();
