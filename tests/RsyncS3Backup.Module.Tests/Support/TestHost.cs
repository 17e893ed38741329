using System.Collections.ObjectModel;
using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Host;
using System.Security;
using System.Text;

namespace RsyncS3Backup.Module.Tests.Support;

/// <summary>A host with a screen of 100 columns, or as many as a test sets, that keeps what is written to it.</summary>
internal sealed class TestHost : PSHost
{
    private readonly TestHostUserInterface userInterface;

    public TestHost(bool supportsColor = false) => userInterface = new TestHostUserInterface(supportsColor);

    /// <summary>What SetShouldExit was told; null when nobody called it.</summary>
    public int? ExitCode { get; set; }

    /// <summary>What was written to the screen.</summary>
    public string Screen => userInterface.Screen;

    /// <summary>The questions of -Confirm, in order.</summary>
    public IReadOnlyList<string> Questions => userInterface.Questions;

    /// <summary>The label of the choice that answers every question, such as <c>No</c>.</summary>
    public string Answer
    {
        set => userInterface.Answer = value;
    }

    public override string Name => "TestHost";

    public override Version Version { get; } = new(1, 0);

    public override Guid InstanceId { get; } = Guid.NewGuid();

    public override PSHostUserInterface UI => userInterface;

    public override CultureInfo CurrentCulture => CultureInfo.InvariantCulture;

    public override CultureInfo CurrentUICulture { get; } = CultureInfo.GetCultureInfo("en-US");

    /// <summary>How wide the screen is.</summary>
    public int Columns
    {
        set => UI.RawUI.BufferSize = new Size(value, UI.RawUI.BufferSize.Height);
    }

    public void ClearScreen() => userInterface.Clear();

    /// <summary>As it was made.</summary>
    public void Reset()
    {
        ExitCode = null;
        userInterface.Reset();
    }

    public override void SetShouldExit(int exitCode) => ExitCode = exitCode;

    public override void EnterNestedPrompt() => throw new NotSupportedException();

    public override void ExitNestedPrompt() => throw new NotSupportedException();

    public override void NotifyBeginApplication()
    {
    }

    public override void NotifyEndApplication()
    {
    }

    private sealed class TestHostUserInterface(bool supportsColor) : PSHostUserInterface
    {
        private readonly StringBuilder screen = new();

        public string Screen => screen.ToString();

        public List<string> Questions { get; } = [];

        public string Answer { get; set; } = "Yes";

        public override PSHostRawUserInterface RawUI { get; } = new TestHostRawUserInterface();

        public override bool SupportsVirtualTerminal => supportsColor;

        public void Clear() => screen.Clear();

        public void Reset()
        {
            Clear();
            Questions.Clear();
            Answer = "Yes";
            RawUI.BufferSize = new Size(TestHostRawUserInterface.Columns, RawUI.BufferSize.Height);
        }

        public override void Write(string value) => screen.Append(value);

        public override void Write(ConsoleColor foregroundColor, ConsoleColor backgroundColor, string value) => screen.Append(value);

        public override void WriteLine(string value) => screen.Append(value).Append('\n');

        public override void WriteErrorLine(string value) => WriteLine(value);

        public override void WriteDebugLine(string message) => WriteLine(message);

        public override void WriteVerboseLine(string message) => WriteLine("VERBOSE: " + message);

        public override void WriteWarningLine(string message) => WriteLine("WARNING: " + message);

        public override void WriteProgress(long sourceId, ProgressRecord record)
        {
        }

        public override int PromptForChoice(string caption, string message, Collection<ChoiceDescription> choices, int defaultChoice)
        {
            Questions.Add(message);
            return choices.ToList().FindIndex(choice => choice.Label.Replace("&", "", StringComparison.Ordinal) == Answer);
        }

        public override Dictionary<string, PSObject> Prompt(string caption, string message, Collection<FieldDescription> descriptions) =>
            throw new NotSupportedException();

        public override PSCredential PromptForCredential(string caption, string message, string userName, string targetName) =>
            throw new NotSupportedException();

        public override PSCredential PromptForCredential(
            string caption, string message, string userName, string targetName, PSCredentialTypes allowedCredentialTypes,
            PSCredentialUIOptions options) => throw new NotSupportedException();

        public override string ReadLine() => throw new NotSupportedException();

        public override SecureString ReadLineAsSecureString() => throw new NotSupportedException();
    }

    private sealed class TestHostRawUserInterface : PSHostRawUserInterface
    {
        public const int Columns = 100;

        public override ConsoleColor BackgroundColor { get; set; } = ConsoleColor.Black;

        public override ConsoleColor ForegroundColor { get; set; } = ConsoleColor.White;

        public override Size BufferSize { get; set; } = new(Columns, 1000);

        public override Coordinates CursorPosition { get; set; }

        public override int CursorSize { get; set; } = 1;

        public override bool KeyAvailable => false;

        // As a terminal shows them: Chinese and Japanese letters take two cells.
        public override int LengthInBufferCells(char source) => source > 0x2fff ? 2 : 1;

        public override int LengthInBufferCells(string source) => LengthInBufferCells(source, 0);

        public override int LengthInBufferCells(string source, int offset) => source.Skip(offset).Sum(LengthInBufferCells);

        public override Size MaxPhysicalWindowSize => new(Columns, 50);

        public override Size MaxWindowSize => new(Columns, 50);

        public override Coordinates WindowPosition { get; set; }

        public override Size WindowSize { get; set; } = new(Columns, 50);

        public override string WindowTitle { get; set; } = "";

        public override void FlushInputBuffer()
        {
        }

        public override BufferCell[,] GetBufferContents(Rectangle rectangle) => throw new NotSupportedException();

        public override KeyInfo ReadKey(ReadKeyOptions options) => throw new NotSupportedException();

        public override void ScrollBufferContents(Rectangle source, Coordinates destination, Rectangle clip, BufferCell fill) =>
            throw new NotSupportedException();

        public override void SetBufferContents(Coordinates origin, BufferCell[,] contents) => throw new NotSupportedException();

        public override void SetBufferContents(Rectangle rectangle, BufferCell fill) => throw new NotSupportedException();
    }
}
