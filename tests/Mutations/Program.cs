using System.Globalization;
using Mutations;

// Writes small mistakes into the code that decides and looks whether the table tests notice them; see Run for how.
//   dotnet tests/Mutations/bin/Release/net10.0/Mutations.dll [--file DueDecision,SyncPlanner] [--threshold 95]

switch (args)
{
    case ["reach", var mutants, var target, "--tests", var tests, .. var classes]:
        Worker.Reach(tests, classes, int.Parse(mutants, CultureInfo.InvariantCulture), target);
        return 0;
    case ["try", var plan, "--tests", var tests]:
        Worker.Try(tests, plan);
        return 0;
}

string[] only = [];
double threshold = 95;
for (int index = 0; index < args.Length; index += 2)
{
    switch (args[index..])
    {
        case ["--file", var names, ..]:
            only = names.Split(',');
            break;
        case ["--threshold", var percent, ..]:
            threshold = double.Parse(percent, CultureInfo.InvariantCulture);
            break;
        default:
            Console.Error.WriteLine("Usage: [--file NAME,...] [--threshold PERCENT]");
            return 2;
    }
}

return Run.All(only, threshold) ? 0 : 1;
