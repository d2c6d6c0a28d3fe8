"""The pieces of the fault storm: what runs, who works, what goes wrong, and who judges afterwards."""
