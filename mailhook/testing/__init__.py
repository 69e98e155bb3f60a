"""The vendor as a program: sends hooks by web and mail as Truora does, to test any receiver."""
